import { useLoad, useOs } from "@webx/sdk";
import { KeyValue } from "@webx/ui";
import { Group, Page, Pending } from "../Page";
import { useT } from "../strings";

/** Which version this is, under which licence, and where help is. */
export function About() {
  const t = useT();
  const os = useOs();
  const { data, problem, reload } = useLoad("about", async () => {
    const [status, door] = await Promise.all([os.system.status(), os.webdav.get()]);
    return { version: status.version, port: new URL(door.url).port };
  });
  if (!data) return <Pending title={t("about")} problem={problem} onRetry={reload} />;
  const address = `http://webx.localhost:${data.port}`;
  const commands = [
    ["webx status", t("helpStatus")],
    ["webx doctor", t("helpDoctor")],
    ["webx export FILE", t("helpExport")],
    ["webx drive --help", t("helpDrive")],
  ] as const;
  return (
    <Page title={t("about")}>
      <Group title="WEB X. OS" text={t("aboutText")}>
        <KeyValue
          onCopy={text => os.clipboard.writeText(text)}
          items={[
            { label: t("version"), value: <bdi dir="ltr">{data.version}</bdi> },
            { label: t("address"), value: <bdi dir="ltr">{address}</bdi>, mono: true, copy: address },
            { label: t("licence"), value: t("licenceText") },
          ]}
        />
      </Group>
      <Group title={t("truth")} text={t("truthText")}>
        <ul className="set-truth">
          <li>{t("truth1")}</li>
          <li>{t("truth2")}</li>
          <li>{t("truth3")}</li>
          <li>{t("truth4")}</li>
        </ul>
      </Group>
      <Group title={t("help")} text={t("helpText")}>
        <dl className="set-commands">
          {commands.map(([command, text]) => (
            <div key={command}>
              <dt dir="ltr">{command}</dt>
              <dd>{text}</dd>
            </div>
          ))}
        </dl>
      </Group>
    </Page>
  );
}
