/**
 * Every way out of a page that is known here. Plain browser code: it runs in the hostile apps, and in an ordinary page
 * that shows that the way is one. Each channel has a port of its own at the listener, so even a bare connection tells
 * which channel made it.
 *
 * `run(to, page)` tries; `to` has the addresses, `page` the tools below. `blind` ways cannot be seen by a listener.
 * `leaves` ways take the page away. `ice` ways take what WebRTC takes.
 */

/** Tools of a page that wants out. Nothing here throws: a way that is closed is passed by. */
export function pageTools(document) {
  const body = () => document.body ?? document.documentElement;
  const attempt = way => {
    try {
      return way();
    } catch {
      return undefined;
    }
  };
  const make = (tag, attributes = {}, namespace) => {
    const element = namespace ? document.createElementNS(namespace, tag) : document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) attempt(() => element.setAttribute(name, value));
    return element;
  };
  const put = (tag, attributes, namespace) => {
    const element = make(tag, attributes, namespace);
    body().append(element);
    return element;
  };
  /** Puts text into the page as elements, by every door that takes text. */
  const html = text => {
    const place = put("div");
    for (const way of [
      () => (place.innerHTML = text),
      () => place.setHTMLUnsafe(text),
      () => place.insertAdjacentHTML("beforeend", text),
      () => place.append(document.createRange().createContextualFragment(text)),
      () => place.append(...new DOMParser().parseFromString(text, "text/html").body.childNodes),
      () => place.append(...Document.parseHTMLUnsafe(text).body.childNodes),
      () => place.attachShadow({ mode: "open" }).setHTMLUnsafe(text),
    ])
      attempt(way);
    return place;
  };
  const style = text => {
    const element = make("style");
    element.textContent = text;
    (document.head ?? body()).append(element);
    return element;
  };
  const blob = (text, type = "text/html") => URL.createObjectURL(new Blob([text], { type }));
  return { document, body, attempt, make, put, html, style, blob };
}

const XLINK = "http://www.w3.org/1999/xlink";
const SVG = "http://www.w3.org/2000/svg";

/** Asks a STUN server, which is a packet to it. Stands as text, too, for realms of their own. */
function ice(Peer, servers) {
  const peer = new Peer({ iceServers: servers });
  peer.createDataChannel("x");
  return peer.createOffer().then(offer => peer.setLocalDescription(offer)).then(() => peer);
}
const iceText = port =>
  `(()=>{const P=self.RTCPeerConnection||self.webkitRTCPeerConnection||self.mozRTCPeerConnection;const p=new P({iceServers:[{urls:"stun:127.0.0.2:${port}"}]});p.createDataChannel("x");p.createOffer().then(o=>p.setLocalDescription(o))})()`;
const icePage = port => `<script>${iceText(port)}</script>`;
const peerOf = realm => realm?.RTCPeerConnection ?? realm?.webkitRTCPeerConnection ?? realm?.mozRTCPeerConnection;

const fetcher = url => `fetch(${JSON.stringify(url)},{mode:"no-cors"}).catch(()=>{});new Image;`;
const workerText = url =>
  `try{importScripts(${JSON.stringify(`${url}script`)})}catch{};fetch(${JSON.stringify(`${url}fetch`)},{mode:"no-cors"}).catch(()=>{});try{new WebSocket(${JSON.stringify(url.replace("http", "ws"))})}catch{}`;

const click = (page, attributes) => {
  const link = page.put("a", attributes);
  link.textContent = "link";
  link.click();
};
const form = (page, url, attributes = {}) => {
  const element = page.put("form", { action: url, ...attributes });
  const field = page.make("input", { name: "secret", value: "1" });
  element.append(field);
  return element;
};

/** The ways a page has while it stays. */
const STAYING = {
  // Requests of a script.
  fetch: to => fetch(to.url),
  "fetch without CORS": to => fetch(to.url, { mode: "no-cors", credentials: "include" }),
  "fetch that outlives the page": to => fetch(to.url, { mode: "no-cors", method: "POST", body: "1", keepalive: true }),
  "fetch later": to => fetchLater(to.url, { activateAfter: 0 }),
  "fetch by a host's name": { byName: true, run: to => fetch(to.url, { mode: "no-cors" }) },
  XMLHttpRequest: to => {
    const request = new XMLHttpRequest();
    request.open("GET", to.url);
    request.send();
  },
  "XMLHttpRequest that blocks": to => {
    const request = new XMLHttpRequest();
    request.open("GET", to.url, false);
    request.send();
  },
  sendBeacon: to => navigator.sendBeacon(to.url, "1"),
  WebSocket: to => new WebSocket(to.ws),
  "WebSocket by a host's name": { byName: true, run: to => new WebSocket(to.ws) },
  WebSocketStream: to => new WebSocketStream(to.ws).opened,
  EventSource: to => new EventSource(to.url),
  WebTransport: to => new WebTransport(`https://127.0.0.2:${to.port}/`).ready,
  TCPSocket: to => new TCPSocket("127.0.0.2", to.port).opened,
  UDPSocket: to => new UDPSocket({ remoteAddress: "127.0.0.2", remotePort: to.port }).opened,

  // Peer connections.
  "WebRTC STUN": { ice: true, run: to => ice(peerOf(globalThis), [{ urls: `stun:127.0.0.2:${to.port}` }]) },
  "WebRTC STUN by a host's name": { ice: true, byName: true, run: to => ice(peerOf(globalThis), [{ urls: `stun:egress.localhost:${to.port}` }]) },
  "WebRTC TURN over UDP": { ice: true, run: to => ice(peerOf(globalThis), [{ urls: `turn:127.0.0.2:${to.port}?transport=udp`, username: "a", credential: "b" }]) },
  "WebRTC TURN over TCP": { ice: true, run: to => ice(peerOf(globalThis), [{ urls: `turn:127.0.0.2:${to.port}?transport=tcp`, username: "a", credential: "b" }]) },
  "WebRTC to a peer": {
    ice: true,
    run: async to => {
      const Peer = peerOf(globalThis);
      const [one, other] = [new Peer(), new Peer()];
      one.createDataChannel("x");
      await one.setLocalDescription(await one.createOffer());
      await other.setRemoteDescription(one.localDescription);
      await other.setLocalDescription(await other.createAnswer());
      await one.setRemoteDescription(other.localDescription);
      await one.addIceCandidate({ candidate: `candidate:1 1 udp 2122260223 127.0.0.2 ${to.port} typ host`, sdpMid: "0", sdpMLineIndex: 0 });
    },
  },
  "WebRTC from an empty child": {
    ice: true,
    run: (to, page) => {
      const frame = page.put("iframe");
      return ice(peerOf(frame.contentWindow), [{ urls: `stun:127.0.0.2:${to.port}` }]);
    },
  },
  "WebRTC from a child of srcdoc": { ice: true, run: (to, page) => void page.put("iframe", { srcdoc: icePage(to.port) }) },
  "WebRTC from a child's realm of srcdoc": {
    ice: true,
    run: async (to, page) => {
      const frame = page.make("iframe", { srcdoc: "<p>" });
      const loaded = new Promise(done => frame.addEventListener("load", done));
      page.body().append(frame);
      if (frame.isConnected) await loaded;
      return ice(peerOf(frame.contentWindow), [{ urls: `stun:127.0.0.2:${to.port}` }]);
    },
  },
  "WebRTC from a child of a blob": { ice: true, run: (to, page) => void page.put("iframe", { src: page.blob(icePage(to.port)) }) },
  "WebRTC from a child of data": { ice: true, run: (to, page) => void page.put("iframe", { src: `data:text/html,${encodeURIComponent(icePage(to.port))}` }) },
  "WebRTC from a child of javascript": {
    ice: true,
    run: (to, page) => void page.put("iframe", { src: `javascript:${JSON.stringify(icePage(to.port))}` }),
  },
  "WebRTC from a child made of text": {
    ice: true,
    run: (to, page) => {
      const place = page.html("<iframe></iframe>");
      const frame = place.querySelector("iframe") ?? place.shadowRoot?.querySelector("iframe");
      return ice(peerOf(frame.contentWindow), [{ urls: `stun:127.0.0.2:${to.port}` }]);
    },
  },
  "WebRTC from a child made of XML": {
    ice: true,
    run: (to, page) => {
      const tree = new DOMParser().parseFromString('<h:iframe xmlns:h="http://www.w3.org/1999/xhtml"/>', "application/xhtml+xml");
      const frame = page.document.adoptNode(tree.documentElement);
      page.body().append(frame);
      return ice(peerOf(frame.contentWindow), [{ urls: `stun:127.0.0.2:${to.port}` }]);
    },
  },
  "WebRTC from a cloned child": {
    ice: true,
    run: (to, page) => {
      const template = page.make("template");
      template.content.append(page.make("iframe"));
      const copy = page.document.importNode(template.content, true);
      const frame = copy.querySelector("iframe");
      const host = page.make("div");
      host.append(copy);
      page.body().append(host);
      return ice(peerOf((frame ?? host.querySelector("iframe")).contentWindow), [{ urls: `stun:127.0.0.2:${to.port}` }]);
    },
  },
  "WebRTC from a child of a written page": {
    ice: true,
    run: (to, page) => {
      const before = globalThis.length;
      page.document.body.insertAdjacentHTML("beforeend", "<ifr" + "ame name=w></ifr" + "ame>");
      return ice(peerOf(globalThis[before]), [{ urls: `stun:127.0.0.2:${to.port}` }]);
    },
  },
  "WebRTC from an object": {
    ice: true,
    run: (to, page) => {
      const object = page.put("object", { data: page.blob(icePage(to.port)), type: "text/html" });
      return ice(peerOf(object.contentWindow), [{ urls: `stun:127.0.0.2:${to.port}` }]);
    },
  },
  "WebRTC from an embed": { ice: true, run: (to, page) => void page.put("embed", { src: page.blob(icePage(to.port)), type: "text/html" }) },
  "WebRTC from another window": { ice: true, run: to => ice(peerOf(globalThis.open("about:blank")), [{ urls: `stun:127.0.0.2:${to.port}` }]) },
  "WebRTC from a sibling": {
    ice: true,
    run: to => {
      for (let at = 0; at < parent.length; at += 1) {
        try {
          void ice(peerOf(parent[at]), [{ urls: `stun:127.0.0.2:${to.port}` }]);
        } catch {}
      }
    },
  },

  // Hints to the browser.
  "dns-prefetch": { blind: true, run: (to, page) => void page.put("link", { rel: "dns-prefetch", href: "//egress.localhost" }) },
  preconnect: (to, page) => void page.document.head.append(page.make("link", { rel: "preconnect", href: to.url })),
  "preconnect by a host's name": { byName: true, run: (to, page) => void page.document.head.append(page.make("link", { rel: "preconnect", href: to.url, crossorigin: "" })) },
  prefetch: (to, page) => void page.document.head.append(page.make("link", { rel: "prefetch", href: to.url })),
  "preload of a picture": (to, page) => void page.document.head.append(page.make("link", { rel: "preload", as: "image", href: to.url })),
  "preload of a script": (to, page) => void page.document.head.append(page.make("link", { rel: "preload", as: "script", href: to.url })),
  "preload of a font": (to, page) => void page.document.head.append(page.make("link", { rel: "preload", as: "font", href: to.url, crossorigin: "" })),
  "preload by imagesrcset": (to, page) => void page.document.head.append(page.make("link", { rel: "preload", as: "image", imagesrcset: `${to.url} 1x` })),
  modulepreload: (to, page) => void page.document.head.append(page.make("link", { rel: "modulepreload", href: to.url })),
  prerender: (to, page) => void page.document.head.append(page.make("link", { rel: "prerender", href: to.url })),
  "speculation rules, prefetch": (to, page) => speculate(page, { prefetch: [{ source: "list", urls: [to.url], eagerness: "immediate" }] }),
  "speculation rules, prerender": (to, page) => speculate(page, { prerender: [{ source: "list", urls: [to.url], eagerness: "immediate" }] }),
  "link manifest": (to, page) => void page.document.head.append(page.make("link", { rel: "manifest", href: to.url })),
  "link icon": (to, page) => void page.document.head.append(page.make("link", { rel: "icon", href: to.url })),

  // Pictures, sound and fonts.
  image: (to, page) => void page.put("img", { src: to.url }),
  "image by a host's name": { byName: true, run: (to, page) => void page.put("img", { src: to.url }) },
  "image out of the page": to => {
    new Image().src = to.url;
  },
  "image srcset": (to, page) => void page.put("img", { srcset: `${to.url} 1x` }),
  "image with an attribution source": (to, page) => void page.put("img", { attributionsrc: to.url, src: "data:," }),
  picture: (to, page) => {
    const picture = page.make("picture");
    picture.append(page.make("source", { srcset: to.url }), page.make("img"));
    page.body().append(picture);
  },
  "input of an image": (to, page) => void page.put("input", { type: "image", src: to.url }),
  "background of the body": (to, page) => page.document.body.setAttribute("background", to.url),
  "SVG image": (to, page) => {
    const picture = page.put("svg", {}, SVG);
    const image = page.make("image", { href: to.url, width: "9", height: "9" }, SVG);
    image.setAttributeNS(XLINK, "href", to.url);
    picture.append(image);
  },
  "SVG use": (to, page) => page.put("svg", {}, SVG).append(page.make("use", { href: `${to.url}#a` }, SVG)),
  "SVG filter image": (to, page) => {
    const picture = page.put("svg", { width: "9", height: "9" }, SVG);
    const filter = page.make("filter", { id: "outward" }, SVG);
    filter.append(page.make("feImage", { href: to.url }, SVG));
    picture.append(filter, page.make("rect", { width: "9", height: "9", filter: "url(#outward)" }, SVG));
  },
  "SVG script": (to, page) => page.put("svg", {}, SVG).append(page.make("script", { href: to.url }, SVG)),
  video: (to, page) => void page.put("video", { src: to.url, preload: "auto" }),
  "video poster": (to, page) => void page.put("video", { poster: to.url }),
  "video source": (to, page) => {
    const video = page.make("video", { preload: "auto" });
    video.append(page.make("source", { src: to.url }));
    page.body().append(video);
  },
  audio: to => {
    new Audio(to.url).load();
  },
  track: (to, page) => {
    const video = page.put("video", { src: "data:video/mp4,", crossorigin: "anonymous" });
    video.append(page.make("track", { src: to.url, default: "", kind: "subtitles" }));
    for (const text of video.textTracks ?? []) text.mode = "showing";
  },
  "font of a style": (to, page) => {
    page.style(`@font-face{font-family:outward;src:url(${to.url})}`);
    page.put("p", { style: "font-family:outward" }).textContent = "text";
  },
  "font of a script": to => new FontFace("outward2", `url(${to.url})`).load(),
  "artwork of a media session": to => {
    navigator.mediaSession.metadata = new MediaMetadata({ title: "x", artwork: [{ src: to.url, sizes: "9x9" }] });
    navigator.mediaSession.playbackState = "playing";
  },

  // Styles.
  stylesheet: (to, page) => void page.document.head.append(page.make("link", { rel: "stylesheet", href: to.url })),
  "style @import": (to, page) => void page.style(`@import url(${to.url});`),
  "style background": (to, page) => void page.put("div", { style: `width:9px;height:9px;background:url(${to.url})` }),
  "style of a rule": (to, page) => {
    page.style(`.outward{width:9px;height:9px;background-image:url(${to.url})}`);
    page.put("div", { class: "outward" });
  },
  "style image-set": (to, page) => void page.put("div", { style: `width:9px;height:9px;background:image-set(url(${to.url}) 1x)` }),
  "style cursor": (to, page) => void page.put("div", { style: `width:9px;height:9px;cursor:url(${to.url}),auto` }),
  "style list": (to, page) => void page.put("li", { style: `list-style-image:url(${to.url})` }),
  "style content": (to, page) => void page.put("div", { style: `content:url(${to.url})` }),
  "style border": (to, page) => void page.put("div", { style: `border:9px solid;border-image-source:url(${to.url})` }),
  "style mask": (to, page) => void page.put("div", { style: `width:9px;height:9px;background:red;mask-image:url(${to.url})` }),
  "style shape": (to, page) => void page.put("div", { style: `float:left;width:9px;height:9px;shape-outside:url(${to.url})` }),
  "style filter": (to, page) => void page.put("div", { style: `width:9px;height:9px;filter:url(${to.url}#a)` }),
  "style made by a script": (to, page) => {
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(`.outward3{width:9px;height:9px;background:url(${to.url})}`);
    page.document.adoptedStyleSheets = [...page.document.adoptedStyleSheets, sheet];
    page.put("div", { class: "outward3" });
  },

  // Code and workers.
  script: (to, page) => void page.put("script", { src: to.url }),
  "module script": (to, page) => void page.put("script", { src: to.url, type: "module" }),
  "dynamic import": to => import(/* @vite-ignore */ to.url),
  "import of a blob's module": (to, page) => import(/* @vite-ignore */ page.blob(`import "${to.url}"`, "text/javascript")),
  worker: to => new Worker(to.url),
  "worker of a blob": (to, page) => new Worker(page.blob(workerText(to.url), "text/javascript")),
  "worker of data": to => new Worker(`data:text/javascript,${encodeURIComponent(workerText(to.url))}`),
  "module worker": (to, page) => new Worker(page.blob(`import "${to.url}"`, "text/javascript"), { type: "module" }),
  "shared worker": (to, page) => new SharedWorker(page.blob(workerText(to.url), "text/javascript")),
  "WebRTC in a worker": { ice: true, run: (to, page) => new Worker(page.blob(iceText(to.port), "text/javascript")) },
  "service worker": to => navigator.serviceWorker.register("/outward.js").then(found => fetch(`/through?${to.url}`) && found),
  "audio worklet": to => new OfflineAudioContext(1, 1, 44_100).audioWorklet.addModule(to.url),
  "audio worklet of a blob": (to, page) =>
    new OfflineAudioContext(1, 1, 44_100).audioWorklet.addModule(page.blob(`import "${to.url}"`, "text/javascript")),
  "paint worklet": to => CSS.paintWorklet.addModule(to.url),
  "shared storage worklet": to => sharedStorage.worklet.addModule(to.url),

  // Other pages in the page, and beside it.
  "child frame": (to, page) => void page.put("iframe", { src: to.url }),
  "child frame of text": (to, page) => void page.html(`<iframe src="${to.url}"></iframe>`),
  "child of srcdoc with a picture": (to, page) => void page.put("iframe", { srcdoc: `<img src="${to.url}">` }),
  "child of a blob with a script": (to, page) => void page.put("iframe", { src: page.blob(`<script>${fetcher(to.url)}</script>`) }),
  "child of data with a picture": (to, page) => void page.put("iframe", { src: `data:text/html,${encodeURIComponent(`<img src="${to.url}">`)}` }),
  object: (to, page) => void page.put("object", { data: to.url }),
  embed: (to, page) => void page.put("embed", { src: to.url }),
  "fenced frame": (to, page) => {
    page.put("fencedframe").config = new FencedFrameConfig(to.url);
  },
  "window.open": to => void open(to.url),
  "window.open without a name": to => void open(to.url, "_blank", "noopener,noreferrer"),
  "link to a new window": (to, page) => click(page, { href: to.url, target: "_blank" }),
  "link with a ping": (to, page) => click(page, { href: "#here", ping: to.url }),
  "form to a new window": (to, page) => form(page, to.url, { target: "_blank" }).submit(),
  "form to a child": (to, page) => {
    page.put("iframe", { name: "outward-form" });
    form(page, to.url, { target: "outward-form", method: "post" }).submit();
  },
  "data in a page made of text": (to, page) => void page.html(`<img src="${to.url}"><script src="${to.url}"></script><link rel=stylesheet href="${to.url}">`),

  // Reports and services of the browser.
  "payment method": to => new PaymentRequest([{ supportedMethods: to.url }], { total: { label: "x", amount: { currency: "EUR", value: "1" } } }).canMakePayment(),
  "federated login": to => navigator.credentials.get({ identity: { providers: [{ configURL: to.url, clientId: "1" }] } }),
  "icon of a notification": async to => {
    await Notification.requestPermission();
    new Notification("x", { icon: to.url, image: to.url });
  },
  "push subscription": async () => (await navigator.serviceWorker.getRegistration()).pushManager.subscribe({ userVisibleOnly: true }),
  "protocol handler": to => navigator.registerProtocolHandler("web+outward", `${to.url}?%s`),
  share: to => navigator.share({ url: to.url, title: "x" }),
  presentation: to => new PresentationRequest([to.url]).start(),
  "ad auction": to => navigator.joinAdInterestGroup({ owner: location.origin, name: "x", biddingLogicURL: to.url, updateURL: to.url }, 60),
  "XSLT document()": (to, page) => {
    const parse = text => new DOMParser().parseFromString(text, "text/xml");
    const transform = new XSLTProcessor();
    transform.importStylesheet(
      parse(`<xsl:stylesheet version="1.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform"><xsl:include href="${to.url}"/><xsl:template match="/"><a><xsl:copy-of select="document('${to.url}')"/></a></xsl:template></xsl:stylesheet>`),
    );
    transform.transformToDocument(parse("<a/>"), page.document);
  },
  "entity of XML": to => void new DOMParser().parseFromString(`<!DOCTYPE a [<!ENTITY b SYSTEM "${to.url}">]><a>&b;</a>`, "text/xml"),
};

function speculate(page, rules) {
  const script = page.make("script", { type: "speculationrules" });
  script.textContent = JSON.stringify(rules);
  page.document.head.append(script);
}

/** The ways that take the page away or change it for all others, each in a page of its own. */
const LEAVING = {
  "link to a download": (to, page) => click(page, { href: to.url, download: "x" }),
  "policy report": (to, page) => {
    page.document.head.append(page.make("meta", { "http-equiv": "Content-Security-Policy", content: `img-src data:; report-uri ${to.url}` }));
    new Image().src = "http://127.0.0.3/";
  },
  "location.assign": to => location.assign(to.url),
  "location.replace": to => location.replace(to.url),
  "navigation.navigate": to => navigation.navigate(to.url).committed,
  "meta refresh": (to, page) => page.document.head.append(page.make("meta", { "http-equiv": "refresh", content: `0;url=${to.url}` })),
  "link here": (to, page) => click(page, { href: to.url }),
  "link to the top": (to, page) => click(page, { href: to.url, target: "_top" }),
  "link to the parent": (to, page) => click(page, { href: to.url, target: "_parent" }),
  "form by GET": (to, page) => form(page, to.url).submit(),
  "form by POST": (to, page) => form(page, to.url, { method: "post" }).requestSubmit(),
  "form to the top": (to, page) => form(page, to.url, { target: "_top" }).submit(),
  "location of the top": to => {
    top.location = to.url;
  },
  "location of the parent": to => {
    parent.location.href = to.url;
  },
  "window.open here": to => void open(to.url, "_self"),
  "page of a blob": (to, page) => {
    location.href = page.blob(`<script>${fetcher(to.url)}${iceText(to.port)}</script><img src="${to.url}">`);
  },
  "page of data": to => {
    location.href = `data:text/html,${encodeURIComponent(`<script>${fetcher(to.url)}${iceText(to.port)}</script><img src="${to.url}">`)}`;
  },
  "page of javascript": to => {
    location.href = `javascript:${JSON.stringify(`<script>${iceText(to.port)}</script><img src="${to.url}">`)}`;
  },
  "page of about:srcdoc": (to, page) => {
    page.document.open();
    page.document.write(`<meta http-equiv=refresh content="0;url=${to.url}"><img src="${to.url}"><script>${iceText(to.port)}</script>`);
    page.document.close();
  },
};

const channel = (name, way, leaves) => ({
  name,
  leaves,
  ...(typeof way === "function" ? { run: way } : way),
});

export const CHANNELS = [
  ...Object.entries(STAYING).map(([name, way]) => channel(name, way, false)),
  ...Object.entries(LEAVING).map(([name, way]) => channel(name, way, true)),
];

/** What a channel is given, when the listener has `port` for it. */
export function addresses({ byName }, port) {
  const host = byName ? "egress.localhost" : "127.0.0.2";
  return { port, url: `http://${host}:${port}/`, ws: `ws://${host}:${port}/` };
}
