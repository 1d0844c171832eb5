import Eye from "lucide-react/icons/eye";
import EyeOff from "lucide-react/icons/eye-off";
import Search from "lucide-react/icons/search";
import X from "lucide-react/icons/x";
import { type ReactNode, type Ref, useState } from "react";
import { Input } from "react-aria-components/Input";
import {
  SearchField as AriaSearchField,
  type SearchFieldProps as AriaSearchFieldProps,
} from "react-aria-components/SearchField";
import { TextArea } from "react-aria-components/TextArea";
import { TextField as AriaTextField, type TextFieldProps as AriaTextFieldProps } from "react-aria-components/TextField";
import { cx } from "../cx";
import { useKitText } from "../strings";
import { IconButton } from "./Button";
import { FieldHelp, FieldLabel, type FieldProps } from "./Field";

export interface TextFieldProps extends Omit<AriaTextFieldProps, "className" | "children" | "style">, FieldProps {
  placeholder?: string;
  /** Something before the text, usually an icon. */
  before?: ReactNode;
  /** Something after the text: a unit, a button. */
  after?: ReactNode;
  /** More than one: several lines. */
  rows?: number;
  size?: "md" | "lg";
  className?: string;
  inputRef?: Ref<HTMLInputElement>;
  autoCapitalize?: string;
}

export function TextField({
  label,
  description,
  error,
  placeholder,
  before,
  after,
  rows,
  size = "md",
  className,
  inputRef,
  autoCapitalize,
  ...props
}: TextFieldProps) {
  return (
    <AriaTextField
      validationBehavior="aria"
      {...props}
      isInvalid={props.isInvalid || Boolean(error)}
      className={cx("wx-field", size === "lg" && "wx-field-lg", className)}
    >
      <FieldLabel>{label}</FieldLabel>
      <div className="wx-input-box">
        {before}
        {rows && rows > 1 ? (
          <TextArea className="wx-input" rows={rows} placeholder={placeholder} />
        ) : (
          <Input ref={inputRef} className="wx-input" placeholder={placeholder} autoCapitalize={autoCapitalize} />
        )}
        {after}
      </div>
      <FieldHelp description={description} error={error} />
    </AriaTextField>
  );
}

/** A field for a passphrase, hidden until the person asks to see it. */
export function PasswordField(props: Omit<TextFieldProps, "type" | "after" | "rows">) {
  const t = useKitText();
  const [shown, setShown] = useState(false);
  return (
    <TextField
      autoComplete="current-password"
      autoCorrect="off"
      spellCheck="false"
      {...props}
      type={shown ? "text" : "password"}
      after={
        <IconButton
          size="sm"
          label={t(shown ? "hidePassword" : "showPassword")}
          aria-pressed={shown}
          onPress={() => setShown(!shown)}
        >
          {shown ? <EyeOff /> : <Eye />}
        </IconButton>
      }
    />
  );
}

export interface SearchFieldProps extends Omit<AriaSearchFieldProps, "className" | "children" | "style">, FieldProps {
  placeholder?: string;
  className?: string;
  size?: "md" | "lg";
  inputRef?: Ref<HTMLInputElement>;
}

export function SearchField({
  label,
  description,
  error,
  placeholder,
  className,
  size = "md",
  inputRef,
  ...props
}: SearchFieldProps) {
  const t = useKitText();
  return (
    <AriaSearchField
      aria-label={label ? undefined : (placeholder ?? t("search"))}
      {...props}
      className={cx("wx-field", "wx-search", size === "lg" && "wx-field-lg", className)}
    >
      {({ isEmpty }) => (
        <>
          <FieldLabel>{label}</FieldLabel>
          <div className="wx-input-box">
            <Search aria-hidden="true" />
            <Input ref={inputRef} className="wx-input" placeholder={placeholder ?? t("search")} />
            {!isEmpty && (
              <IconButton size="sm" label={t("clear")} noTooltip>
                <X />
              </IconButton>
            )}
          </div>
          <FieldHelp description={description} error={error} />
        </>
      )}
    </AriaSearchField>
  );
}
