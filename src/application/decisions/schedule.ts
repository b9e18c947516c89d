import type { Request } from '../../domain/requests/request.ts';

/** When approvers are reminded and others asked, as the rule says. */
export type Schedule = Pick<Request, 'remindMs' | 'escalateAfterMs' | 'escalateTo'>;
