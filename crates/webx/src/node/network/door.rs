//! What the desktop asks, and who answers it.

use tokio::sync::broadcast;
use webx_desktop::qnet::{
    Answer, ContactCard, ContactDetail, ContactItem, ContactPatch, CopiesView, CopyRound,
    FoundNode, Joined, NetworkInvite, NetworkPeer, NetworkPeerDetail, NetworkSettings, NetworkView,
    NewContact, NewInvite, Ping, Qnet, QnetChange, RestoredDrive, TransferItem,
};
use webx_identity::Did;

use super::Network;

impl Qnet for Network {
    fn view(&self) -> Answer<'_, NetworkView> {
        Box::pin(self.show())
    }

    fn peers(&self) -> Answer<'_, Vec<NetworkPeer>> {
        Box::pin(self.show_peers())
    }

    fn peer(&self, node: String) -> Answer<'_, NetworkPeerDetail> {
        Box::pin(async move { self.show_peer(&node).await })
    }

    fn find(&self, node: String) -> Answer<'_, FoundNode> {
        Box::pin(async move { self.look_for(&node).await })
    }

    fn ping(&self, node: String) -> Answer<'_, Ping> {
        Box::pin(async move { self.greet(&node).await })
    }

    fn invite(&self, new: NewInvite) -> Answer<'_, NetworkInvite> {
        Box::pin(self.write_invite(new))
    }

    fn join(&self, invite: String) -> Answer<'_, Joined> {
        Box::pin(async move { self.take_invite(&invite).await })
    }

    fn settings(&self) -> Answer<'_, NetworkSettings> {
        Box::pin(async move { self.load(&self.open()?).await })
    }

    fn configure(&self, settings: NetworkSettings) -> Answer<'_, NetworkSettings> {
        Box::pin(self.set(settings))
    }

    fn contacts(&self, offset: u32, limit: u32) -> Answer<'_, Vec<ContactItem>> {
        Box::pin(self.list_contacts(offset, limit))
    }

    fn contact(&self, did: Did) -> Answer<'_, ContactDetail> {
        Box::pin(self.contact_of(did))
    }

    fn card(&self) -> Answer<'_, ContactCard> {
        Box::pin(self.own_card())
    }

    fn add_contact(&self, new: NewContact) -> Answer<'_, ContactItem> {
        Box::pin(self.add(new))
    }

    fn change_contact(&self, did: Did, change: ContactPatch) -> Answer<'_, ContactItem> {
        Box::pin(self.change(did, change))
    }

    fn remove_contact(&self, did: Did) -> Answer<'_, ()> {
        Box::pin(self.remove(did))
    }

    fn trust_contact(
        &self,
        did: Did,
        safety_number: String,
        compared: bool,
    ) -> Answer<'_, ContactItem> {
        Box::pin(self.decide(did, safety_number, compared))
    }

    fn transfers(&self, did: Option<Did>) -> Answer<'_, Vec<TransferItem>> {
        Box::pin(self.transfers_of(did))
    }

    fn send_file(&self, did: Did, node: String) -> Answer<'_, TransferItem> {
        Box::pin(self.send(did, node))
    }

    fn accept_transfer(&self, id: i64) -> Answer<'_, ()> {
        Box::pin(async move { self.open()?.transfers.accept(id).await })
    }

    fn end_transfer(&self, id: i64) -> Answer<'_, ()> {
        Box::pin(self.end(id))
    }

    fn copies(&self) -> Answer<'_, CopiesView> {
        Box::pin(self.show_copies())
    }

    fn give_space(&self, did: Did, bytes: u64) -> Answer<'_, CopiesView> {
        Box::pin(self.give(did, bytes))
    }

    fn copy_now(&self) -> Answer<'_, CopyRound> {
        Box::pin(self.copy())
    }

    fn restore_copies(&self) -> Answer<'_, RestoredDrive> {
        Box::pin(self.bring_back())
    }

    fn changes(&self) -> broadcast::Receiver<QnetChange> {
        self.changes.subscribe()
    }
}
