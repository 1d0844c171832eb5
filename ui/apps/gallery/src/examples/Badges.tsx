import { Avatar, Badge, FileIcon } from "@webx/ui";

const FILES = ["a.jpg", "b.mp4", "c.flac", "d.txt", "e.pdf", "f.zip", "g.rs", "h.csv", "i"];

export default function Badges() {
  return (
    <>
      <div className="row">
        <Avatar name="Ada Lovelace" />
        <Avatar name="Alan Turing" />
        <Badge>Neutral</Badge>
        <Badge tone="accent">New</Badge>
        <Badge tone="success">Confirmed</Badge>
        <Badge tone="warning">Due</Badge>
        <Badge tone="danger">Failed</Badge>
      </div>
      <div className="row">
        <FileIcon name="Folder" kind="folder" size={28} />
        {FILES.map(name => (
          <FileIcon key={name} name={name} size={28} />
        ))}
      </div>
    </>
  );
}
