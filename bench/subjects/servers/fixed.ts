// Reads each request and answers with one and the same text.
import { createServer } from 'node:http'

const [port, text = ''] = process.argv.slice(2)
const body = Buffer.from(text)
const headers = { 'content-type': 'application/json', 'content-length': body.length }

createServer((incoming, outgoing) => {
  incoming.on('end', () => outgoing.writeHead(200, headers).end(body)).resume()
}).listen(Number(port), 'localhost')
