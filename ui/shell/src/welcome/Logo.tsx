import icon from "../assets/icon.svg";

export function Logo({ size }: { size: number }) {
  return <img src={icon} width={size} height={size} alt="" />;
}
