// What Next.js runs once when the server starts, before the first request.
export async function register() {
  if (process.env.NEXT_RUNTIME !== 'nodejs' || process.env.COSTEL_SET_UP === 'import') return;
  const costel = await import('@costel/node');
  costel.register({ serviceName: process.env.OTEL_SERVICE_NAME });
}
