/** Where people prove that an account is theirs: gists by the GitHub App, snippets by GitLab's token. */
import type { ProofSource, ProofSources } from '../application/identity/account-link-ports.ts';
import { hostOf } from '../domain/clients/account-host.ts';
import { DomainError } from '../domain/errors.ts';
import { GithubError } from '../github-api/app-client.ts';
import { readGist } from '../github-api/gist.ts';
import { GitlabError } from '../gitlab-api/client.ts';
import { readSnippet } from '../gitlab-api/snippet.ts';
import type { OpenGithub } from './github.ts';
import type { OpenGitlab } from './gitlab.ts';

const reading =
  (what: string, read: ProofSource['read']): ProofSource['read'] =>
  async (url) => {
    try {
      return await read(url);
    } catch (error) {
      if (!(error instanceof GithubError) && !(error instanceof GitlabError)) throw error;
      throw new DomainError('lookup_failed', { what, why: error.message }, { cause: error });
    }
  };

export const proofsOf = ({
  github,
  gitlab,
}: {
  github: OpenGithub | null;
  gitlab: OpenGitlab | null;
}): ProofSources => ({
  github: github && {
    host: hostOf('github', github.apiUrl),
    read: reading('the gist', (url) => readGist(github.client, url)),
  },
  gitlab: gitlab && {
    host: hostOf('gitlab', gitlab.url),
    read: reading('the snippet', (url) => readSnippet(gitlab.client, url)),
  },
});
