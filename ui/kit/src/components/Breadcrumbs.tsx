import ChevronRight from "lucide-react/icons/chevron-right";
import type { ReactNode } from "react";
import { Breadcrumbs as AriaBreadcrumbs, Breadcrumb } from "react-aria-components/Breadcrumbs";
import { Link } from "react-aria-components/Link";
import { cx } from "../cx";
import "./Breadcrumbs.css";

export interface Crumb {
  id: string;
  label: string;
  icon?: ReactNode;
}

export interface BreadcrumbsProps {
  /** From the top down; the last one is where the person is. */
  items: readonly Crumb[];
  onAction: (id: string) => void;
  label?: string;
  className?: string;
}

export function Breadcrumbs({ items, onAction, label, className }: BreadcrumbsProps) {
  return (
    <AriaBreadcrumbs
      className={cx("wx-crumbs", className)}
      onAction={key => onAction(String(key))}
      {...(label ? { "aria-label": label } : {})}
    >
      {items.map((item, index) => (
        <Breadcrumb key={item.id} id={item.id} className="wx-crumb">
          <Link className="wx-crumb-link">
            {item.icon}
            <span>{item.label}</span>
          </Link>
          {index < items.length - 1 && <ChevronRight className="wx-crumb-arrow" size={14} aria-hidden="true" />}
        </Breadcrumb>
      ))}
    </AriaBreadcrumbs>
  );
}
