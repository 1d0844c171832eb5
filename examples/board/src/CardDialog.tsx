import { Button, Dialog, RadioGroup, TextField } from "@webx/ui";
import { useState } from "react";
import { type Card, COLOURS, type Colour } from "./board";
import { useT } from "./strings";

export interface CardDialogProps {
  card: Card;
  onSave: (card: Card) => void;
  onDelete: () => void;
  onClose: () => void;
}

export function CardDialog({ card, onSave, onDelete, onClose }: CardDialogProps) {
  const t = useT();
  const [title, setTitle] = useState(card.title);
  const [text, setText] = useState(card.text);
  const [colour, setColour] = useState<Colour>(card.colour);
  return (
    <Dialog
      title={t("card")}
      isOpen
      onOpenChange={open => {
        if (!open) onClose();
      }}
      footer={
        <>
          <Button variant="ghost" onPress={onDelete}>
            {t("deleteCard")}
          </Button>
          <span className="board-space" />
          <Button onPress={onClose}>{t("cancel")}</Button>
          <Button
            variant="primary"
            isDisabled={title.trim() === ""}
            onPress={() => onSave({ ...card, title: title.trim(), text: text.trim(), colour })}
          >
            {t("save")}
          </Button>
        </>
      }
    >
      <div className="card-form">
        <TextField label={t("cardTitle")} value={title} onChange={setTitle} autoFocus />
        <TextField label={t("text")} value={text} onChange={setText} rows={5} />
        <RadioGroup
          label={t("colour")}
          orientation="horizontal"
          value={colour}
          onChange={setColour}
          options={COLOURS.map(id => ({ id, label: t(`colour_${id}`) }))}
        />
      </div>
    </Dialog>
  );
}
