import { Dialog } from "@webx/ui";
import { showPanel } from "./panels";
import { type Command, keysOf } from "./shortcuts";
import { useText } from "./strings";
import "./ShortcutSheet.css";

/** All keys of the desktop. */
export default function ShortcutSheet() {
  const t = useText();
  const groups: Array<{ title: string; rows: Array<[Command, string]> }> = [
    {
      title: t("groupGeneral"),
      rows: [
        ["launcher", t("searchEverything")],
        ["switcher", t("switchWindow")],
        ["regions", t("nextRegion")],
        ["notifications", t("notifications")],
        ["lock", t("lock")],
        ["shortcuts", t("shortcuts")],
      ],
    },
    {
      title: t("groupWindow"),
      rows: [
        ["left", t("snapLeft")],
        ["right", t("snapRight")],
        ["up", t("growUp")],
        ["down", t("shrinkDown")],
        ["maximise", t("maximiseRestore")],
        ["minimise", t("minimise")],
        ["move", t("moveByKeys")],
        ["resize", t("resizeByKeys")],
        ["windowMenu", t("windowMenu")],
        ["close", t("closeWindow")],
      ],
    },
    {
      title: t("desktops"),
      rows: [
        ["nextDesktop", t("nextDesktop")],
        ["previousDesktop", t("previousDesktop")],
        ["sendNext", t("sendNext")],
        ["sendPrevious", t("sendPrevious")],
        ["newDesktop", t("newDesktop")],
        ["removeDesktop", t("removeDesktop")],
        ["showDesktop", t("showDesktop")],
        ["tile", t("tileAll")],
        ["cascade", t("cascadeAll")],
      ],
    },
  ];
  return (
    <Dialog title={t("shortcuts")} size="lg" isOpen onOpenChange={open => !open && showPanel(null)}>
      <div className="shortcuts">
        {groups.map(group => (
          <section key={group.title}>
            <h3 className="shortcuts-title">{group.title}</h3>
            <dl>
              {group.rows.map(([command, label]) => (
                <div key={command} className="shortcuts-row">
                  <dt>{label}</dt>
                  <dd>
                    <kbd className="keys" dir="ltr">
                      {keysOf(command)}
                    </kbd>
                  </dd>
                </div>
              ))}
            </dl>
          </section>
        ))}
      </div>
      <p className="shortcuts-note">{t("shortcutsNote")}</p>
    </Dialog>
  );
}
