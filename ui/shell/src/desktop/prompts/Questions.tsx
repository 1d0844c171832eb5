/** The question that is on the screen. Only the desktop draws here, over all windows. */
import { useQuestions } from "./ask";
import { CloseDialog } from "./CloseDialog";
import { InstallSheet } from "./InstallSheet";
import { PermissionPrompt } from "./PermissionPrompt";
import { PickDialog } from "./PickDialog";
import { RemoveDialog } from "./RemoveDialog";
import { SaveDialog } from "./SaveDialog";
import "./prompts.css";

export default function Questions() {
  const question = useQuestions(state => state.waiting[0]);
  switch (question?.kind) {
    case "permissions":
      return <PermissionPrompt key={question.id} question={question} />;
    case "pick":
      return <PickDialog key={question.id} question={question} />;
    case "save":
      return <SaveDialog key={question.id} question={question} />;
    case "install":
      return <InstallSheet key={question.id} question={question} />;
    case "remove":
      return <RemoveDialog key={question.id} question={question} />;
    case "close":
      return <CloseDialog key={question.id} question={question} />;
    case undefined:
      return null;
  }
}
