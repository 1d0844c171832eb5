import { Button, EmptyState, ErrorState, Icon, Skeleton, SkeletonList } from "@webx/ui";
import { useState } from "react";

/** Every screen has four states. This one goes through three of them. */
export default function States() {
  const [tries, setTries] = useState(0);
  if (tries % 3 === 1)
    return (
      <>
        <Skeleton width="40%" height={20} />
        <SkeletonList rows={3} />
        <Button onPress={() => setTries(tries + 1)}>Let it fail</Button>
      </>
    );
  if (tries % 3 === 2)
    return (
      <ErrorState level={3} onRetry={() => setTries(tries + 1)}>
        The node does not answer.
      </ErrorState>
    );
  return (
    <EmptyState
      level={3}
      icon={<Icon name="folder-open" size={32} />}
      title="No files yet"
      action={
        <Button variant="primary" onPress={() => setTries(tries + 1)}>
          Load some
        </Button>
      }
    >
      Drop files here, or choose them.
    </EmptyState>
  );
}
