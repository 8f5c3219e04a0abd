//! The model that answers: one of Bedrock's, one behind another endpoint, or the demonstration.

#[cfg(feature = "aws")]
pub(crate) mod bedrock;
pub(crate) mod demo;
pub(crate) mod error;
pub(crate) mod exchange;
pub(crate) mod openai;
mod sse;

use signet_stream::typed::Usage;

use crate::config::ModelBackend;
use error::ModelError;
use exchange::{Piece, Question};

/// The model or endpoint to ask.
pub(crate) enum Model {
    #[cfg(feature = "aws")]
    Bedrock(Box<bedrock::Bedrock>),
    OpenAi(Box<openai::OpenAi>),
    Demo(demo::Demo),
}

/// An answer on its way, piece by piece. Dropping it stops the request.
pub(crate) enum Pieces {
    #[cfg(feature = "aws")]
    Bedrock(Box<bedrock::Pieces>),
    OpenAi(openai::Pieces),
    Demo(demo::Pieces),
}

impl Model {
    /// The model that the configuration chooses.
    ///
    /// # Errors
    /// An OpenAI-compatible endpoint is configured, and the machine has no root certificates.
    pub(crate) fn new(backend: ModelBackend, max_tokens: i32) -> std::io::Result<Self> {
        Ok(match backend {
            #[cfg(feature = "aws")]
            ModelBackend::Bedrock(aws) => Self::Bedrock(Box::new(bedrock::Bedrock::new(aws, max_tokens))),
            ModelBackend::OpenAi { base_url, authorization } => {
                Self::OpenAi(Box::new(openai::OpenAi::new(&base_url, authorization, max_tokens)?))
            }
            ModelBackend::Demo => Self::Demo(demo::Demo { pace: demo::PACE }),
        })
    }

    /// Asks the model of that name. Returns the name that the answer shows, and the pieces.
    pub(crate) async fn ask(&self, model: &str, question: &Question) -> Result<(String, Pieces), ModelError> {
        match self {
            #[cfg(feature = "aws")]
            Self::Bedrock(bedrock) => {
                // The SDK's future is large; boxed, it does not make every future around it large too.
                let pieces = Box::pin(bedrock.ask(model, &question.earlier, &question.ask.prompt)).await?;
                Ok((model.to_owned(), Pieces::Bedrock(Box::new(pieces))))
            }
            Self::OpenAi(openai) => {
                let pieces = openai.ask(model, &question.earlier, &question.ask.prompt).await?;
                Ok((model.to_owned(), Pieces::OpenAi(pieces)))
            }
            Self::Demo(demo) => Ok((demo::NAME.to_owned(), Pieces::Demo(demo.ask(model, question).await?))),
        }
    }
}

impl Pieces {
    /// The next piece. `None` means that something arrived with nothing to show: the model is still working.
    pub(crate) async fn next(&mut self) -> Result<Option<Piece>, ModelError> {
        match self {
            #[cfg(feature = "aws")]
            Self::Bedrock(pieces) => pieces.next().await,
            Self::OpenAi(pieces) => pieces.next().await,
            Self::Demo(pieces) => pieces.next().await.map(Some),
        }
    }

    /// How many tokens the answer used: known at its end, if at all.
    pub(crate) fn usage(&self) -> Option<Usage> {
        match self {
            #[cfg(feature = "aws")]
            Self::Bedrock(pieces) => pieces.usage(),
            Self::OpenAi(pieces) => pieces.usage(),
            Self::Demo(pieces) => Some(pieces.usage()),
        }
    }
}
