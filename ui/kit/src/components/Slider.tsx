import { Label } from "react-aria-components/Label";
import { Slider as AriaSlider, SliderFill, SliderOutput, SliderThumb, SliderTrack } from "react-aria-components/Slider";
import { cx } from "../cx";
import "./Slider.css";

export interface SliderProps {
  label: string;
  value: number;
  onChange: (value: number) => void;
  /** Called once, when the person lets go. */
  onChangeEnd?: (value: number) => void;
  min?: number;
  max?: number;
  step?: number;
  formatOptions?: Intl.NumberFormatOptions;
  isDisabled?: boolean;
  /** Keep the label for screen readers only. */
  hideLabel?: boolean;
  className?: string;
}

export function Slider({
  label,
  value,
  onChange,
  onChangeEnd,
  min = 0,
  max = 100,
  step = 1,
  hideLabel,
  className,
  ...props
}: SliderProps) {
  return (
    <AriaSlider
      {...props}
      value={value}
      onChange={next => onChange(Array.isArray(next) ? (next[0] ?? min) : next)}
      onChangeEnd={next => onChangeEnd?.(Array.isArray(next) ? (next[0] ?? min) : next)}
      minValue={min}
      maxValue={max}
      step={step}
      className={cx("wx-slider", className)}
    >
      <div className={hideLabel ? "wx-visually-hidden" : "wx-slider-head"}>
        <Label className="wx-field-label">{label}</Label>
        <SliderOutput className="wx-slider-value" />
      </div>
      <SliderTrack className="wx-slider-track">
        <SliderFill className="wx-slider-fill" />
        <SliderThumb className="wx-slider-thumb" />
      </SliderTrack>
    </AriaSlider>
  );
}
