import { type Node, toProblem, useOs } from "@webx/sdk";
import { Button, EmptyState, Icon, Notice, Select, Slider, toast, useLocale } from "@webx/ui";
import { useState } from "react";
import { Preview } from "./Preview";
import { type Format, nameOf, type Wish } from "./resize";
import { useT } from "./strings";
import { useResized } from "./useResized";
import "./app.css";

export default function App() {
  const os = useOs();
  const t = useT();
  const { format } = useLocale();
  const [picked, setPicked] = useState<{ node: Node; picture: Blob }>();
  const [wish, setWish] = useState<Wish>({ side: 1200, format: "same", quality: 85 });
  const { made, problem, working } = useResized(picked?.picture, wish);

  const guard = async (work: () => Promise<void>) => {
    try {
      await work();
    } catch (reason) {
      toast({ level: "error", title: t("failed"), body: toProblem(reason).message });
    }
  };
  const choose = () =>
    guard(async () => {
      const [node] = await os.files.pick({ kind: "file", mode: "read", accept: ["image/*"] });
      if (node) setPicked({ node, picture: await os.files.read(node.id) });
    });
  const save = () =>
    guard(async () => {
      if (!picked || !made) return;
      const node = await os.files.saveAs(nameOf(picked.node.name, made), made.blob, { type: made.blob.type });
      if (node) toast({ level: "success", title: t("saved", { name: node.name }) });
    });

  if (!picked) {
    return (
      <EmptyState
        icon={<Icon name="image" size={40} />}
        title={t("empty")}
        action={
          <Button variant="primary" onPress={choose}>
            {t("choose")}
          </Button>
        }
      >
        {t("emptyHint")}
      </EmptyState>
    );
  }

  const saved = made ? 1 - made.blob.size / picked.picture.size : 0;
  return (
    <div className="resize">
      <div className="resize-options">
        <Slider
          label={t("size")}
          value={wish.side}
          min={100}
          max={4000}
          step={100}
          onChange={side => setWish({ ...wish, side })}
        />
        <Select<Format>
          label={t("format")}
          value={wish.format}
          onChange={chosen => setWish({ ...wish, format: chosen })}
          options={[
            { id: "same", label: t("same") },
            { id: "jpeg", label: "JPEG" },
            { id: "png", label: "PNG" },
          ]}
        />
        <Slider
          label={t("quality")}
          value={wish.quality}
          min={10}
          max={100}
          step={5}
          isDisabled={wish.format === "png" || (wish.format === "same" && made?.blob.type === "image/png")}
          onChange={quality => setWish({ ...wish, quality })}
        />
        <div className="resize-actions">
          <Button onPress={choose}>{t("other")}</Button>
          <Button variant="primary" isDisabled={working || !made} onPress={save}>
            {t("save")}
          </Button>
        </div>
        {problem && <Notice level="error">{problem}</Notice>}
        <p className="resize-working" role="status">
          {working && t("working")}
        </p>
      </div>
      <div className="resize-previews">
        <Preview label={t("before")} picture={picked.picture} />
        {made && !problem && (
          <Preview
            label={t("after")}
            picture={made.blob}
            dimmed={working}
            note={saved > 0.01 ? t("smaller", { percent: format.percent(saved) }) : undefined}
          />
        )}
      </div>
    </div>
  );
}
