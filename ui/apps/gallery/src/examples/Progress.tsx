import { Meter, ProgressBar, Spinner } from "@webx/ui";

export default function Progress() {
  return (
    <>
      <ProgressBar label="Uploading 3 files" value={42} valueText="12 MB/s" />
      <ProgressBar label="Checking, nobody knows how long" />
      <Meter label="Room enough" value={40} max={100} valueText="40 of 100 GB" />
      <Meter label="Nearly full" value={86} max={100} valueText="86 of 100 GB" />
      <Meter label="Full" value={98} max={100} valueText="98 of 100 GB" />
      <Spinner />
    </>
  );
}
