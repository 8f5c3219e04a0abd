//! What a person does on the hosted UI's pages of the local AWS, which are `MiniStack`'s.

use signet_local::User;
use url::Url;

use crate::{Browser, Error, PATIENCE, Stage, wait_until};

impl Browser {
    /// Waits for the hosted UI's page, and returns its address.
    pub async fn hosted_page(&self) -> Result<Url, Error> {
        let expression = "location.pathname === '/oauth2/authorize' && document.readyState === 'complete'";
        self.wait_for("the hosted page", expression).await?;
        Ok(self.client().current_url().await?)
    }

    /// Waits until the app was left for the hosted UI, whether that has a page for it or not, and returns the address.
    pub async fn left_for_hosted_page(&self) -> Result<Url, Error> {
        let mut address = self.client().current_url().await?;
        wait_until("the hosted UI's address", PATIENCE, async || {
            address = self.client().current_url().await?;
            Ok(address.path() == "/oauth2/authorize")
        })
        .await?;
        Ok(address)
    }

    /// Signs in on the hosted UI's page.
    pub async fn sign_in_there(&self, username: &str, password: &str) -> Result<(), Error> {
        self.hosted_page().await?;
        self.type_into("form[action='/login'] #username", username).await?;
        self.type_into("form[action='/login'] #password", password).await?;
        self.click("form[action='/login'] button").await
    }

    /// From the button of that label over the hosted UI's page into the chat.
    pub async fn sign_in_by_page(&self, label: &str, user: User) -> Result<(), Error> {
        self.press(label).await?;
        self.sign_in_there(user.username, user.password).await?;
        self.signed_in().await
    }

    /// Nothing of an answer is left in the address.
    ///
    /// # Panics
    /// Something is.
    pub async fn address_is_clean(&self, stage: &Stage) -> Result<(), Error> {
        assert_eq!(self.client().current_url().await?.as_str(), format!("{}/", stage.origin()));
        Ok(())
    }
}

/// A parameter of an address; empty if it has none of that name.
#[must_use]
pub fn parameter(address: &Url, name: &str) -> String {
    address.query_pairs().find(|(other, _)| other == name).map(|(_, value)| value.into_owned()).unwrap_or_default()
}
