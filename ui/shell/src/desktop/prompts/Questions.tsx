import { useQuestions } from "./ask";

export default function Questions() {
  const first = useQuestions(state => state.waiting[0]);
  return first ? null : null;
}
