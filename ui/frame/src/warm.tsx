import {
  Badge,
  Button,
  Checkbox,
  EmptyState,
  IconButton,
  List,
  LocaleProvider,
  Menu,
  SearchField,
  Select,
  SkeletonList,
  Switch,
  TextField,
} from "@webx/ui";
import { useEffect, useState } from "react";
import { flushSync } from "react-dom";
import { createRoot } from "react-dom/client";

const ITEMS = [{ id: "a" }, { id: "b" }];
const nothing = () => undefined;

/** A little of everything that apps are made of. Nobody sees it. */
function Sample() {
  const [round, setRound] = useState(0);
  useEffect(() => setRound(1), []);
  return (
    <LocaleProvider locale="en">
      <Button onPress={nothing}>{String(round)}</Button>
      <IconButton label="a">
        <svg aria-hidden="true" />
      </IconButton>
      <TextField label="a" value="" onChange={nothing} />
      <SearchField placeholder="a" value="" onChange={nothing} />
      <Checkbox isSelected={false} onChange={nothing}>
        a
      </Checkbox>
      <Switch isSelected={false} onChange={nothing}>
        a
      </Switch>
      <Select label="a" value="a" onChange={nothing} options={[{ id: "a", label: "a" }]} />
      <Menu label="a" trigger={<Button>a</Button>} items={[{ id: "a", label: "a", onAction: nothing }]} />
      <List label="a" items={ITEMS} textValue={item => item.id} selectionMode="single">
        {item => <span>{item.id}</span>}
      </List>
      <Badge>a</Badge>
      <EmptyState title="a" />
      <SkeletonList rows={2} />
    </LocaleProvider>
  );
}

/**
 * Draws once what apps draw, out of sight: the functions are compiled then, and an app that opens finds them so. A frame
 * does this while it waits for its app.
 */
export function warmUp(): void {
  const place = document.createElement("div");
  const root = createRoot(place, { onUncaughtError: nothing });
  for (let round = 0; round < 3; round += 1) flushSync(() => root.render(<Sample key={round} />));
  flushSync(() => root.unmount());
}
