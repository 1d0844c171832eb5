// Answers requests of the app's own screen. Nobody else can reach it, and it reaches no network but the hosts in the manifest.
addEventListener("fetch", event => event.respondWith(handle(event.request)));

async function handle(request) {
  const { pathname } = new URL(request.url);
  if (request.method === "POST" && pathname === "/words") {
    const text = await request.text();
    return new Response(String(text.split(/\s+/).filter(Boolean).length));
  }
  return new Response("there is only POST /words", { status: 404 });
}
