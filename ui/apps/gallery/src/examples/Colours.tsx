const COLOURS = [
  ...["--accent", "--accent-soft", "--surface", "--surface-2", "--surface-3", "--border-strong"],
  ...["--text", "--text-2", "--text-3", "--danger", "--warning", "--success", "--info"],
];
const SIZES = ["--text-xs", "--text-sm", "--text-md", "--text-lg", "--text-xl", "--text-2xl", "--text-3xl"];
const SPACES = ["--space-1", "--space-2", "--space-3", "--space-4", "--space-6", "--space-8", "--space-12"];

/** Use the names, never the values: then every theme fits by itself. */
export default function Colours() {
  return (
    <>
      <ul className="swatches">
        {COLOURS.map(name => (
          <li key={name}>
            <span style={{ background: `var(${name})` }} />
            <code>{name}</code>
          </li>
        ))}
      </ul>
      {SIZES.map(name => (
        <p key={name} style={{ fontSize: `var(${name})`, lineHeight: 1.3 }}>
          Your own machine <code>{name}</code>
        </p>
      ))}
      <div className="spaces">
        {SPACES.map(name => (
          <span key={name} style={{ inlineSize: `var(${name})`, blockSize: `var(${name})` }} title={name} />
        ))}
      </div>
    </>
  );
}
