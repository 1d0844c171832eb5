/** React Aria's drag and drop, for `dragAndDropHooks` of a `List`: by pointer, by touch and by keyboard. */
export {
  DropIndicator,
  type DropItem,
  type DroppableCollectionInsertDropEvent,
  type DroppableCollectionReorderEvent,
  type DroppableCollectionRootDropEvent,
  isTextDropItem,
  useDragAndDrop,
} from "react-aria-components/useDragAndDrop";
