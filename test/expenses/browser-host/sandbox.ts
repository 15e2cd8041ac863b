/** The outer frame of a web host, of another origin than it: passes messages on, both ways. */
const inner = document.createElement('iframe')
inner.title = 'page'
inner.setAttribute('sandbox', 'allow-scripts allow-same-origin allow-forms')
inner.style.cssText = 'border: 0; display: block; width: 100%; height: 100%'
document.body.append(inner)

window.addEventListener('message', ({ source, data }) => {
  if (source === inner.contentWindow) return window.parent.postMessage(data, '*')
  if (source !== window.parent) return
  if (data.method !== 'ui/notifications/sandbox-resource-ready') {
    return inner.contentWindow?.postMessage(data, '*')
  }
  const page = inner.contentDocument
  page?.open()
  page?.write(data.params.html)
  page?.close()
})

window.parent.postMessage(
  { jsonrpc: '2.0', method: 'ui/notifications/sandbox-proxy-ready', params: {} },
  '*',
)
