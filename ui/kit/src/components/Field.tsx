import type { ReactNode } from "react";
import { FieldError } from "react-aria-components/FieldError";
import { Label } from "react-aria-components/Label";
import { Text } from "react-aria-components/Text";
import "./Field.css";

export interface FieldProps {
  /** The visible label. Use `aria-label` on the control instead only where the place explains it. */
  label?: string | undefined;
  /** Help below the control. */
  description?: ReactNode;
  /** What is wrong with the value; marks the control invalid. */
  error?: string | undefined;
}

export function FieldLabel({ children }: { children?: string | undefined }) {
  return children ? <Label className="wx-field-label">{children}</Label> : null;
}

export function FieldHelp({ description, error }: Pick<FieldProps, "description" | "error">) {
  return (
    <>
      {description && !error && (
        <Text slot="description" className="wx-field-description">
          {description}
        </Text>
      )}
      <FieldError className="wx-field-error">{error}</FieldError>
    </>
  );
}
