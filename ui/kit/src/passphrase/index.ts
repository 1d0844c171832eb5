export {
  chosenPassphrase,
  NewPassphrase,
  type NewPassphraseProps,
  type NewPassphraseValue,
  NO_PASSPHRASE,
} from "./NewPassphrase";
