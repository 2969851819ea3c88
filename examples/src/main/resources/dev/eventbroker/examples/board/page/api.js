// The few requests the page makes. A refusal is an ApiError with the server's own words.

export class ApiError extends Error {
  constructor(status, body) {
    super(body?.detail || body?.error || `The server answered ${status}`);
    this.status = status;
    this.holder = body?.holder ?? null;
  }
}

export function acquire(resource, workstation, user) {
  return call('POST', '/sessions', { resource, workstation, user });
}

/** Also while the page goes away (keepalive). */
export function release(session) {
  return call('DELETE', `/sessions/${encodeURIComponent(session)}`, undefined, { keepalive: true });
}

export function changeCard(id, workstation, change) {
  return call('PATCH', `/cards/${encodeURIComponent(id)}`, { workstation, ...change });
}

export function createCard(title, column) {
  return call('POST', '/cards', { title, column });
}

export function publish(topic, type, data) {
  return call('POST', `/topics/${topic}/events?type=${encodeURIComponent(type)}`, data);
}

export function health() {
  return call('GET', '/healthz');
}

async function call(method, path, body, options = {}) {
  const request = { method, ...options };
  if (body !== undefined) {
    request.headers = { 'Content-Type': 'application/json' };
    request.body = JSON.stringify(body);
  }
  let response;
  try {
    response = await fetch(path, request);
  } catch {
    throw new ApiError(0, { detail: 'The server cannot be reached right now.' });
  }
  const text = await response.text();
  const answer = text && (response.headers.get('Content-Type') ?? '').includes('json') ? JSON.parse(text) : null;
  if (!response.ok) throw new ApiError(response.status, answer);
  return answer;
}
