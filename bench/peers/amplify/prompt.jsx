import { getCurrentUser, signOut } from 'aws-amplify/auth';
import { useEffect, useState } from 'react';
import { useNavigate } from 'react-router';
import { Prompt } from '../prompt.jsx';

const PlainText = ({ text }) => <pre className="font-sans whitespace-pre-wrap">{text}</pre>;

/** The prompt page for whoever is signed in; anybody else is sent back to the form. */
export function PromptPage() {
  const [user, setUser] = useState(null);
  const navigate = useNavigate();

  useEffect(() => {
    getCurrentUser().then(setUser, () => navigate('/', { replace: true }));
  }, [navigate]);

  const leave = async () => {
    await signOut();
    navigate('/');
  };

  return user && <Prompt user={user} onSignOut={leave} Answer={PlainText} />;
}
