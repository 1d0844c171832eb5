import { toProblem } from "@webx/sdk";
import { toast } from "@webx/ui";
import { Fragment, type MouseEvent, type ReactNode, useMemo } from "react";
import { useFiles } from "../context";
import { useT } from "../strings";
import { type Block, type Inline, parseMarkdown } from "./markdown";

/** Markdown as React elements: nothing of the source becomes HTML, no picture is loaded from outside. */
export function Markdown({ source }: { source: string }) {
  const t = useT();
  const tree = useMemo(() => parseMarkdown(source), [source]);
  return (
    <article className="fx-markdown" dir="auto">
      {tree.map((block, index) => showBlock(block, index, t("picture")))}
    </article>
  );
}

function showBlock(block: Block, key: number, picture: string): ReactNode {
  const show = (parts: Inline[]) => parts.map((part, index) => showInline(part, index, picture));
  switch (block.type) {
    case "heading": {
      // The preview's own title is the first level of the page.
      const Tag = `h${Math.min(6, block.level + 1)}` as "h2";
      return (
        <Tag key={key} data-level={block.level}>
          {show(block.children)}
        </Tag>
      );
    }
    case "paragraph":
      return <p key={key}>{show(block.children)}</p>;
    case "code":
      return (
        <pre key={key} dir="ltr" tabIndex={-1}>
          <code>{block.text}</code>
        </pre>
      );
    case "quote":
      return (
        <blockquote key={key}>{block.children.map((child, index) => showBlock(child, index, picture))}</blockquote>
      );
    case "rule":
      return <hr key={key} />;
    case "list": {
      const items = block.items.map((item, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: a document that is only shown
        <li key={index} data-task={item.checked === undefined ? undefined : ""}>
          {item.checked !== undefined && <span aria-hidden="true">{item.checked ? "☑ " : "☐ "}</span>}
          {item.children.map((child, at) =>
            child.type === "paragraph" ? (
              // biome-ignore lint/suspicious/noArrayIndexKey: a document that is only shown
              <Fragment key={at}>{show(child.children)}</Fragment>
            ) : (
              showBlock(child, at, picture)
            ),
          )}
        </li>
      ));
      return block.ordered ? (
        <ol key={key} start={block.start}>
          {items}
        </ol>
      ) : (
        <ul key={key}>{items}</ul>
      );
    }
    case "table":
      return (
        <div key={key} className="fx-markdown-table">
          <table>
            <thead>
              <tr>
                {block.head.map((cell, index) => (
                  // biome-ignore lint/suspicious/noArrayIndexKey: a document that is only shown
                  <th key={index} style={{ textAlign: block.align[index] }}>
                    {show(cell)}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {block.rows.map((row, at) => (
                // biome-ignore lint/suspicious/noArrayIndexKey: a document that is only shown
                <tr key={at}>
                  {row.map((cell, index) => (
                    // biome-ignore lint/suspicious/noArrayIndexKey: a document that is only shown
                    <td key={index} style={{ textAlign: block.align[index] }}>
                      {show(cell)}
                    </td>
                  ))}
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      );
  }
}

function showInline(part: Inline, key: number, picture: string): ReactNode {
  const show = (parts: Inline[]) => parts.map((one, index) => showInline(one, index, picture));
  switch (part.type) {
    case "text":
      return part.text;
    case "code":
      return (
        <code key={key} dir="ltr">
          {part.text}
        </code>
      );
    case "break":
      return <br key={key} />;
    case "strong":
      return <strong key={key}>{show(part.children)}</strong>;
    case "emphasis":
      return <em key={key}>{show(part.children)}</em>;
    case "strike":
      return <del key={key}>{show(part.children)}</del>;
    case "link":
      return (
        <Link key={key} href={part.href}>
          {show(part.children)}
        </Link>
      );
    case "image":
      return (
        <span key={key} className="fx-markdown-image">
          {part.alt === "" ? picture : part.alt}
        </span>
      );
  }
}

/** A frame leads nowhere: the address goes to the clipboard, for whoever wants to follow it. */
function Link({ href, children }: { href: string; children: ReactNode }) {
  const t = useT();
  const { os } = useFiles();
  const copy = (event: MouseEvent) => {
    event.preventDefault();
    os.clipboard.writeText(href).then(
      () => toast({ level: "success", title: t("linkCopied"), body: href }),
      (error: unknown) => toast({ level: "error", title: t("linkNotCopied"), body: toProblem(error).message }),
    );
  };
  return (
    <a href={href} title={href} onClick={copy} onAuxClick={event => event.preventDefault()}>
      {children}
    </a>
  );
}
