import { WALLPAPERS, Wallpaper } from "@webx/ui";

export default function Wallpapers() {
  return (
    <div className="walls">
      {WALLPAPERS.map(name => (
        <div key={name} className="wall" title={name}>
          <Wallpaper name={name} />
        </div>
      ))}
    </div>
  );
}
