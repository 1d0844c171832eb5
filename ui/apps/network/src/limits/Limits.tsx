import { type NetworkNode, type NetworkSettings, useLoad, useOs } from "@webx/sdk";
import { Button, ErrorState, Notice, Select, SkeletonList, Switch, TextField, toast, useLocale } from "@webx/ui";
import { type FormEvent, type ReactNode, useState } from "react";
import { Group } from "../Page";
import { useT } from "../strings";
import { useTry } from "../useNetwork";
import { type Field, type Form, formOf, type Problems, RATES, settingsOf } from "./form";
import { LastResort } from "./LastResort";
import { Traffic } from "./Traffic";

/** What QNet costs, and what it may cost. */
export function Limits({ node, onChange }: { node: NetworkNode; onChange: () => void }) {
  const t = useT();
  const os = useOs();
  const { data, problem, reload } = useLoad("settings", () => os.network.settings());
  const saved = () => {
    reload();
    onChange();
  };
  return (
    <div className="net-page net-narrow">
      <Traffic node={node} />
      {data ? (
        <Settings key={JSON.stringify(data)} settings={data} node={node} onSaved={saved} />
      ) : problem ? (
        <ErrorState title={t("settingsFailed")} onRetry={reload}>
          {problem.message}
        </ErrorState>
      ) : (
        <SkeletonList rows={4} height={72} />
      )}
    </div>
  );
}

/** Sets one field of the form. */
type Set = <K extends keyof Form>(key: K, value: Form[K]) => void;

export interface Part {
  form: Form;
  set: Set;
  /** What is wrong with a field, in words. */
  wrong: (field: Field) => string | undefined;
}

function Settings({ settings, node, onSaved }: { settings: NetworkSettings; node: NetworkNode; onSaved: () => void }) {
  const t = useT();
  const os = useOs();
  const attempt = useTry();
  const first = formOf(settings);
  const [form, setForm] = useState(first);
  const [problems, setProblems] = useState<Problems>({});
  const [busy, setBusy] = useState(false);
  const changed = JSON.stringify(form) !== JSON.stringify(first);
  const set: Set = (key, value) => {
    setForm(old => ({ ...old, [key]: value }));
    setProblems({});
  };
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    if (busy || !changed) return;
    const wanted = settingsOf(form);
    if ("problems" in wanted) {
      setProblems(wanted.problems);
      return;
    }
    setBusy(true);
    if (await attempt(() => os.network.configure(wanted.settings))) {
      toast({ level: "success", title: t("saved") });
      onSaved();
    }
    setBusy(false);
  };
  const part: Part = {
    form,
    set,
    wrong: field => {
      const key = problems[field];
      return key && t(key);
    },
  };
  return (
    <form className="net-form" onSubmit={submit} aria-label={t("limitsForm")} noValidate>
      <Connections {...part} node={node} />
      <Serving {...part} />
      <Bandwidth {...part} />
      <Relay {...part} node={node} />
      <LastResort {...part} node={node} />
      <div className="net-save">
        {Object.keys(problems).length > 0 && <Notice level="error">{t("wrongSome")}</Notice>}
        <Button isDisabled={!changed || busy} onPress={() => setForm(first)}>
          {t("discard")}
        </Button>
        <Button type="submit" variant="primary" isPending={busy} isDisabled={!changed}>
          {t("save")}
        </Button>
      </div>
    </form>
  );
}

function Numeric({
  label,
  value,
  onChange,
  error,
  description,
  unit,
}: {
  label: string;
  value: string;
  onChange: (value: string) => void;
  error: string | undefined;
  description?: string;
  unit?: string;
}) {
  return (
    <TextField
      label={unit === undefined ? label : `${label} (${unit})`}
      inputMode="decimal"
      autoComplete="off"
      maxLength={16}
      value={value}
      onChange={onChange}
      error={error}
      {...(description === undefined ? {} : { description })}
    />
  );
}

const Fields = ({ children }: { children: ReactNode }) => <div className="net-fields">{children}</div>;

function Connections({ form, set, wrong, node }: Part & { node: NetworkNode }) {
  const t = useT();
  return (
    <Group title={t("connections")} text={t("connectionsText")}>
      <Fields>
        <Numeric
          label={t("neighbours")}
          description={t("neighboursText")}
          value={form.neighbours}
          onChange={value => set("neighbours", value)}
          error={wrong("neighbours")}
        />
        <Numeric
          label={t("guests")}
          description={t("guestsText")}
          value={form.guests}
          onChange={value => set("guests", value)}
          error={wrong("guests")}
        />
        <Numeric
          label={t("budget")}
          unit={t("mbADay")}
          description={t("budgetText")}
          value={form.budget}
          onChange={value => set("budget", value)}
          error={wrong("budget")}
        />
      </Fields>
      <Switch wide description={t("lanText")} isSelected={form.lanDiscovery} onChange={on => set("lanDiscovery", on)}>
        {t("lan")}
      </Switch>
      {node.lan.status !== "off" && (
        <p className="net-quiet">
          {t(`lan_${node.lan.status}`, { count: node.lan.found })} <bdi dir="ltr">{node.lan.trouble}</bdi>
        </p>
      )}
    </Group>
  );
}

const HOURS = Array.from({ length: 24 }, (_, hour) => `${hour}`);

function Serving({ form, set, wrong }: Part) {
  const t = useT();
  const hours = HOURS.map(id => ({ id, label: `${id.padStart(2, "0")}:00` }));
  return (
    <Group title={t("serving")} text={t("servingText")}>
      <Switch wide description={t("lookUpText")} isSelected={form.lookUp} onChange={on => set("lookUp", on)}>
        {t("lookUp")}
      </Switch>
      <Switch wide description={t("exchangeText")} isSelected={form.exchange} onChange={on => set("exchange", on)}>
        {t("exchange")}
      </Switch>
      <Switch wide description={t("alwaysText")} isSelected={form.always} onChange={on => set("always", on)}>
        {t("always")}
      </Switch>
      {!form.always && (
        <Fields>
          <Select label={t("from")} options={hours} value={`${form.from}`} onChange={id => set("from", Number(id))} />
          <Select
            label={t("to")}
            options={hours}
            value={`${form.to % 24}`}
            onChange={id => set("to", Number(id))}
            error={wrong("to")}
          />
        </Fields>
      )}
    </Group>
  );
}

function Bandwidth({ form, set, wrong }: Part) {
  const t = useT();
  const rates = (which: "rates" | "meteredRates") => (
    <Fields>
      {RATES.map(rate => (
        <Numeric
          key={rate}
          label={t(`rate_${rate}`)}
          unit={t("kbASecond")}
          value={form[which][rate]}
          onChange={value => set(which, { ...form[which], [rate]: value })}
          error={wrong(`${which}.${rate}`)}
        />
      ))}
    </Fields>
  );
  return (
    <Group title={t("bandwidth")} text={t("bandwidthText")}>
      {rates("rates")}
      <Select<Form["metered"]>
        label={t("metered")}
        description={t("meteredText")}
        className="net-metered"
        options={(["system", "yes", "no"] as const).map(id => ({ id, label: t(`metered_${id}`) }))}
        value={form.metered}
        onChange={id => set("metered", id)}
      />
      <h3>{t("meteredRates")}</h3>
      {rates("meteredRates")}
    </Group>
  );
}

function Relay({ form, set, wrong, node }: Part & { node: NetworkNode }) {
  const t = useT();
  const { format } = useLocale();
  return (
    <Group title={t("relay")} text={t("relayText")}>
      <Switch wide description={t("relayOnText")} isSelected={form.relay} onChange={on => set("relay", on)}>
        {t("relayOn")}
      </Switch>
      {form.relay && (
        <Fields>
          <TextField
            label={t("relayAddress")}
            description={t("relayAddressText")}
            placeholder="203.0.113.7:443"
            autoComplete="off"
            spellCheck="false"
            maxLength={128}
            value={form.address}
            onChange={value => set("address", value)}
            error={wrong("address")}
          />
          <Numeric
            label={t("relayPort")}
            value={form.port}
            onChange={value => set("port", value)}
            error={wrong("port")}
          />
          <Numeric
            label={t("relayClients")}
            value={form.clients}
            onChange={value => set("clients", value)}
            error={wrong("clients")}
          />
          <Numeric
            label={t("relayRate")}
            unit={t("kbASecond")}
            value={form.rate}
            onChange={value => set("rate", value)}
            error={wrong("rate")}
          />
        </Fields>
      )}
      {node.relay && (
        <Notice level="success">
          {t("relayRuns", { count: node.relay.clients })} <bdi dir="ltr">{node.relay.address}</bdi>
        </Notice>
      )}
      {!node.relay && node.relays.length > 0 && (
        <p className="net-quiet">
          {t("relaysUsed")} <bdi dir="ltr">{format.list(node.relays)}</bdi>
        </p>
      )}
    </Group>
  );
}
