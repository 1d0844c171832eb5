/* The first script of every page of a web app. A policy does not hold peer connections in every browser, so they are taken
 * away here; and because a child frame would bring them back, no child frame is made: they could load nothing anyway. */
(() => {
  "use strict";
  const { apply, defineProperty, getOwnPropertyDescriptor, deleteProperty } = Reflect;
  const nonce = document.currentScript.nonce;
  document.currentScript.remove();

  for (const name of Object.getOwnPropertyNames(window)) {
    if (!/^(?:webkit|moz)?RTC|^WebTransport|^WebSocketStream$|^(?:TCP|UDP)S/.test(name)) continue;
    deleteProperty(window, name);
    defineProperty(window, name, { value: undefined, writable: false, configurable: false });
  }
  defineProperty(window, "open", { value: () => null, writable: false, configurable: false });

  // Whatever the page changes later, these stay what they are.
  const { indexOf, slice, toLowerCase } = String.prototype;
  const { querySelectorAll } = Element.prototype;
  const queryFragment = DocumentFragment.prototype.querySelectorAll;
  const queryDocument = Document.prototype.querySelectorAll;
  const { remove, getAttribute, setAttribute } = Element.prototype;
  const getter = (owner, name) => getOwnPropertyDescriptor(owner, name).get;
  const nodeType = getter(Node.prototype, "nodeType");
  const localName = getter(Element.prototype, "localName");
  const content = getter(HTMLTemplateElement.prototype, "content");
  const isTemplate = value => {
    try {
      return apply(content, value, []);
    } catch {
      return null;
    }
  };
  const FRAMES = ["iframe", "frame", "object", "embed", "fencedframe", "portal"];
  const isFrame = name => {
    for (let i = 0; i < 6; i++) if (FRAMES[i] === name) return true;
    return false;
  };
  const typeOf = value => {
    try {
      return apply(nodeType, value, []);
    } catch {
      return 0;
    }
  };

  /* In text a frame becomes an element of no meaning, and a script gets the page's nonce. */
  const ends = c => c === " " || c === "\t" || c === "\n" || c === "\f" || c === "\r" || c === "/" || c === ">";
  const clean = text => {
    let out = "";
    let from = 0;
    for (let at = 0; ; ) {
      at = apply(indexOf, text, ["<", at]);
      if (at < 0) return out + apply(slice, text, [from]);
      at += 1;
      if (text[at] === "/") at += 1;
      let end = at;
      while (end - at < 12 && end < text.length && !ends(text[end])) end += 1;
      const name = apply(toLowerCase, apply(slice, text, [at, end]), []);
      if (isFrame(name)) {
        out += `${apply(slice, text, [from, at])}x-`;
        from = at;
      } else if (name === "script" && text[at - 1] === "<") {
        out += `${apply(slice, text, [from, end])} nonce=${nonce}`;
        from = end;
      }
    }
  };
  /* In a tree they are taken out. Answers whether the root itself may be put anywhere. */
  const strip = root => {
    const type = typeOf(root);
    if (type === 1) {
      const name = apply(localName, root, []);
      if (isFrame(name)) return false;
      if (name === "script" && !apply(getAttribute, root, ["nonce"])) apply(setAttribute, root, ["nonce", nonce]);
    } else if (type !== 9 && type !== 11) return true;
    const query = type === 1 ? querySelectorAll : type === 9 ? queryDocument : queryFragment;
    const found = apply(query, root, ["iframe,frame,object,embed,fencedframe,portal,template,script"]);
    const own = isTemplate(root);
    if (own) strip(own);
    for (let i = 0; i < found.length; i++) {
      const inner = isTemplate(found[i]);
      if (inner) strip(inner);
      else if (isFrame(apply(localName, found[i], []))) apply(remove, found[i], []);
      else if (apply(localName, found[i], []) === "script" && !apply(getAttribute, found[i], ["nonce"]))
        apply(setAttribute, found[i], ["nonce", nonce]);
    }
    return true;
  };

  const replace = (owner, name, make) => {
    const old = owner && getOwnPropertyDescriptor(owner, name);
    if (!old) return;
    const next = old.value
      ? { value: make(old.value), writable: false }
      : { get: old.get, set: old.set, ...make(old) };
    defineProperty(owner, name, { ...next, enumerable: old.enumerable, configurable: false });
  };
  const each = (owners, names, make) => {
    for (const owner of owners) for (const name of names) replace(owner, name, make);
  };

  /* One node in, that node out. */
  each([Node.prototype], ["appendChild", "insertBefore", "replaceChild"], native => {
    return { call(node, ...rest) { return strip(node) ? apply(native, this, [node, ...rest]) : node; } }.call;
  });
  const several = native =>
    ({
      call(...nodes) {
        const good = [];
        for (let i = 0; i < nodes.length; i++) {
          const node = typeOf(nodes[i]) ? nodes[i] : `${nodes[i]}`;
          if (strip(node)) good[good.length] = node;
        }
        return apply(native, this, good);
      },
    }).call;
  each([Element.prototype, Document.prototype, DocumentFragment.prototype], ["append", "prepend", "replaceChildren"], several);
  each([Element.prototype, CharacterData.prototype, DocumentType.prototype], ["before", "after", "replaceWith"], several);
  const first = native => ({ call(node, ...rest) { if (strip(node)) return apply(native, this, [node, ...rest]); } }).call;
  each([Element.prototype, Document.prototype, DocumentFragment.prototype], ["moveBefore"], first);
  each([Range.prototype], ["insertNode", "surroundContents"], first);
  each([HTMLSelectElement.prototype, HTMLOptionsCollection.prototype], ["add"], first);
  replace(Element.prototype, "insertAdjacentElement", native => {
    return { call(where, node) { return strip(node) ? apply(native, this, [where, node]) : null; } }.call;
  });

  /* Text that becomes a tree. */
  const texts = native => ({ call(text, ...rest) { return apply(native, this, [clean(`${text}`), ...rest]); } }).call;
  const setter = ({ set }) => ({ set(text) { apply(set, this, [text === null ? "" : clean(`${text}`)]); } });
  const Shadow = window.ShadowRoot?.prototype;
  each([Element.prototype, Shadow], ["innerHTML", "outerHTML"], setter);
  each([Element.prototype, Shadow], ["setHTML", "setHTMLUnsafe"], texts);
  each([Document], ["parseHTML", "parseHTMLUnsafe"], texts);
  each([Range.prototype], ["createContextualFragment"], texts);
  const second = native =>
    ({ call(what, text, ...rest) { return apply(native, this, [what, clean(`${text}`), ...rest]); } }).call;
  replace(Element.prototype, "insertAdjacentHTML", second);
  replace(Document.prototype, "execCommand", native => {
    return { call(what, ui, text) { return apply(native, this, [what, ui, text === undefined ? "" : clean(`${text}`)]); } }.call;
  });

  /* Trees that were parsed elsewhere; XML has more ways to spell a name than text can show. */
  const result = native =>
    ({ call(...given) { const tree = apply(native, this, given); if (tree) strip(tree); return tree; } }).call;
  replace(DOMParser.prototype, "parseFromString", result);
  each([window.XSLTProcessor?.prototype], ["transformToFragment", "transformToDocument"], result);
  each([XMLHttpRequest.prototype], ["responseXML", "response"], ({ get }) => ({ get: result(get) }));

  /* A tag may come in pieces: what could be the beginning of one waits for the rest. */
  let waiting = "";
  const write = end => native =>
    ({
      call(...pieces) {
        let text = waiting;
        for (let i = 0; i < pieces.length; i++) text += `${pieces[i]}`;
        text += end;
        let at = text.length;
        while (at > 0 && text.length - at < 14 && text[at] !== "<") at -= 1;
        const open = text[at] === "<" && apply(indexOf, text, [">", at]) < 0;
        waiting = open ? apply(slice, text, [at]) : "";
        return apply(native, this, [clean(open ? apply(slice, text, [0, at]) : text)]);
      },
    }).call;
  replace(Document.prototype, "write", write(""));
  replace(Document.prototype, "writeln", write("\n"));

  /* The policy takes no script from an address; a link with one runs it here. */
  const run = window.eval;
  addEventListener("click", event => {
    const link = event.composedPath().find(each => each instanceof HTMLAnchorElement);
    const code = link && /^\s*javascript:(.*)$/is.exec(apply(getAttribute, link, ["href"]) ?? "");
    if (!code || event.defaultPrevented) return;
    event.preventDefault();
    let text = code[1];
    try {
      text = decodeURIComponent(text);
    } catch {}
    run(text);
  });
})();
