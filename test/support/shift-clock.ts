// Loaded before a program: from then on its clock is TEST_CLOCK_AHEAD seconds ahead of the machine's.
const ahead = Number(process.env.TEST_CLOCK_AHEAD) * 1000
const now = () => Math.floor(performance.timeOrigin + performance.now() + ahead)

globalThis.Date = new Proxy(Date, {
  get: (date, name) => (name === 'now' ? now : Reflect.get(date, name)),
  apply: (date) => new date(now()).toString(),
  construct: (date, args, target) =>
    Reflect.construct(date, args.length === 0 ? [now()] : args, target),
})
