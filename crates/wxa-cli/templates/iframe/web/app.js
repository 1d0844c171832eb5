// localStorage belongs to this app alone and stays between starts.
const count = document.querySelector("#count");
count.textContent = localStorage.getItem("count") ?? "0";
document.querySelector("#more").addEventListener("click", () => {
  count.textContent = String(Number(count.textContent) + 1);
  localStorage.setItem("count", count.textContent);
});
