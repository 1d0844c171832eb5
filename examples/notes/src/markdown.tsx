import type { ReactNode } from "react";

/*
 * A small part of Markdown, drawn as React elements: nothing a note holds can become markup. Headings, lists, tasks, quotes, code,
 * rules; inside a line: bold, italic, code and links.
 */

export interface MarkdownProps {
  text: string;
  checkedLabel: string;
  /** The task in this line of the text was ticked or unticked. */
  onToggle: (line: number) => void;
  onLink: (address: string) => void;
  linkLabel: (address: string) => string;
}

type Block =
  | { kind: "heading"; level: 1 | 2 | 3; text: string }
  | { kind: "paragraph"; lines: string[] }
  | { kind: "quote"; lines: string[] }
  | { kind: "code"; text: string }
  | { kind: "rule" }
  | { kind: "list"; ordered: boolean; items: Item[] };

interface Item {
  text: string;
  depth: number;
  task?: boolean;
  line: number;
}

const ITEM = /^(\s*)(?:[-*]|(\d+)\.)\s+(?:\[([ xX])\]\s+)?(.*)$/;

export function blocksOf(text: string): Block[] {
  const lines = text.split("\n");
  const blocks: Block[] = [];
  for (let at = 0; at < lines.length; at++) {
    const line = lines[at] ?? "";
    const last = blocks.at(-1);
    const heading = /^(#{1,3})\s+(.+)$/.exec(line);
    const item = ITEM.exec(line);
    if (line.startsWith("```")) {
      const from = at + 1;
      do at++;
      while (at < lines.length && !lines[at]?.startsWith("```"));
      blocks.push({ kind: "code", text: lines.slice(from, at).join("\n") });
    } else if (heading) {
      blocks.push({ kind: "heading", level: heading[1]?.length as 1 | 2 | 3, text: heading[2] ?? "" });
    } else if (/^\s*([-*_])(\s*\1){2,}\s*$/.test(line)) {
      blocks.push({ kind: "rule" });
    } else if (item) {
      const ordered = item[2] !== undefined;
      const next: Item = { text: item[4] ?? "", depth: Math.min(4, Math.floor((item[1] ?? "").length / 2)), line: at };
      if (item[3] !== undefined) next.task = item[3] !== " ";
      if (last?.kind === "list" && last.ordered === ordered && lines[at - 1]?.trim() !== "") last.items.push(next);
      else blocks.push({ kind: "list", ordered, items: [next] });
    } else if (line.startsWith(">")) {
      const quoted = line.replace(/^>\s?/, "");
      if (last?.kind === "quote" && lines[at - 1]?.startsWith(">")) last.lines.push(quoted);
      else blocks.push({ kind: "quote", lines: [quoted] });
    } else if (line.trim() !== "") {
      if (last?.kind === "paragraph" && lines[at - 1]?.trim() !== "") last.lines.push(line);
      else blocks.push({ kind: "paragraph", lines: [line] });
    }
  }
  return blocks;
}

/** The text with the task in that line ticked, or unticked. */
export function toggled(text: string, line: number): string {
  const lines = text.split("\n");
  lines[line] = (lines[line] ?? "").replace(/\[([ xX])\]/, (_, mark: string) => (mark === " " ? "[x]" : "[ ]"));
  return lines.join("\n");
}

export function Markdown(props: MarkdownProps) {
  return (
    <div className="md">
      {blocksOf(props.text).map((block, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: blocks have no other name than their place
        <BlockView key={index} block={block} {...props} />
      ))}
    </div>
  );
}

function BlockView({ block, ...props }: { block: Block } & MarkdownProps) {
  const line = (text: string) => <Line text={text} onLink={props.onLink} linkLabel={props.linkLabel} />;
  switch (block.kind) {
    case "heading": {
      const Heading = `h${block.level + 1}` as "h2" | "h3" | "h4";
      return <Heading>{line(block.text)}</Heading>;
    }
    case "rule":
      return <hr />;
    case "code":
      return <pre>{block.text}</pre>;
    case "quote":
      return <blockquote>{withBreaks(block.lines, line)}</blockquote>;
    case "paragraph":
      return <p>{withBreaks(block.lines, line)}</p>;
    case "list": {
      const List = block.ordered ? "ol" : "ul";
      return (
        <List>
          {block.items.map(item => (
            <li key={item.line} data-depth={item.depth} className={item.task === undefined ? undefined : "md-task"}>
              {item.task === undefined ? (
                line(item.text)
              ) : (
                <label data-done={item.task || undefined}>
                  <input type="checkbox" checked={item.task} onChange={() => props.onToggle(item.line)} />
                  <span>{line(item.text)}</span>
                </label>
              )}
            </li>
          ))}
        </List>
      );
    }
  }
}

function withBreaks(lines: string[], draw: (text: string) => ReactNode): ReactNode[] {
  return lines.flatMap((text, index) => {
    const key = `${index}`;
    return index === 0 ? [<span key={key}>{draw(text)}</span>] : [<br key={`br${key}`} />, <span key={key}>{draw(text)}</span>];
  });
}

const INLINE = /`([^`]+)`|\*\*([^*]+)\*\*|(?<![\w*])\*([^*\s][^*]*)\*(?![\w*])|(?<!\w)_([^_\s][^_]*)_(?!\w)|\[([^\]]+)\]\((https?:\/\/[^\s)]+)\)|(https?:\/\/[^\s<>()]+[^\s<>().,;:!?])/g;

function Line({ text, onLink, linkLabel }: { text: string } & Pick<MarkdownProps, "onLink" | "linkLabel">) {
  const parts: ReactNode[] = [];
  let from = 0;
  for (const hit of text.matchAll(INLINE)) {
    if (hit.index > from) parts.push(text.slice(from, hit.index));
    from = hit.index + hit[0].length;
    const key = `${hit.index}`;
    const [, code, bold, star, under, label, target, bare] = hit;
    const address = target ?? bare;
    if (code !== undefined) parts.push(<code key={key}>{code}</code>);
    else if (bold !== undefined) parts.push(<strong key={key}>{bold}</strong>);
    else if (address !== undefined)
      parts.push(
        <button key={key} type="button" className="md-link" title={linkLabel(address)} onClick={() => onLink(address)}>
          {label ?? bare}
        </button>,
      );
    else parts.push(<em key={key}>{star ?? under}</em>);
  }
  if (from < text.length) parts.push(text.slice(from));
  return <>{parts}</>;
}
