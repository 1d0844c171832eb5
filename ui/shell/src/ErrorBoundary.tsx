import { Component, type ReactNode } from "react";

interface Props {
  children: ReactNode;
  /** What stands there instead; `again` tries once more. */
  fallback: (problem: unknown, again: () => void) => ReactNode;
}

/** Keeps what breaks inside from taking the desktop with it. */
export class ErrorBoundary extends Component<Props, { problem: unknown; broken: boolean }> {
  override state = { problem: undefined, broken: false };

  static getDerivedStateFromError(problem: unknown) {
    return { problem, broken: true };
  }

  override render() {
    if (!this.state.broken) return this.props.children;
    return this.props.fallback(this.state.problem, () => this.setState({ problem: undefined, broken: false }));
  }
}
