/** Events of incidents and alerts. */
import { INCIDENT_CLOSE_CAUSES, INCIDENT_ORIGINS } from '../../incidents/incident.ts';
import { z } from 'zod';
import { at, code, defineEvent, defineRefusal, flag, id, ids, text } from '../define-event.ts';

const incident = { incident: id, channel: id };
/** The Slack account that did it, where it is not that of a person whom Latchkey knows. */
const doer = { user: text.optional() };
const change = { open: incident, personal: { before: text, after: text, ...doer } };

const incidents = {
  'incident.opened': defineEvent({
    about: 'none',
    when: 'A channel became that of an incident.',
    open: { ...incident, how: z.enum(INCIDENT_ORIGINS), isPrivate: flag, severity: text, isConfirmed: flag },
    personal: { name: text, topic: text, ...doer },
  }),
  'incident.reopened': defineEvent({
    about: 'none',
    when: 'An incident was opened again within a day.',
    open: { ...incident, how: z.enum(INCIDENT_ORIGINS), isConfirmed: flag, isEndCancelled: flag },
    personal: doer,
  }),
  'incident.renamed': defineEvent({ about: 'none', when: "An incident's channel was renamed.", ...change }),
  'incident.topic': defineEvent({ about: 'none', when: "The topic of an incident's channel changed.", ...change }),
  'incident.purpose': defineEvent({ about: 'none', when: "The purpose of an incident's channel changed.", ...change }),
  'incident.severity': defineEvent({
    about: 'none',
    when: 'The severity of an incident changed; the rules see it once it is confirmed.',
    open: { ...incident, before: text, after: text, isConfirmed: flag },
    personal: doer,
  }),
  'incident.confirmed': defineEvent({
    about: 'none',
    when: 'A person who may open incidents confirmed that a channel is that of an incident, or its name.',
    open: incident,
    personal: { name: text.nullable(), ...doer },
  }),
  'incident.closed': defineEvent({
    about: 'none',
    when: 'An incident was closed.',
    open: { ...incident, cause: z.enum(INCIDENT_CLOSE_CAUSES), onClose: code, endsAt: at.nullable() },
    personal: doer,
  }),
  'incident.ended': defineEvent({
    about: 'none',
    when: 'The warning after the close of an incident was over, and its grants and requests ended.',
    open: { ...incident, grants: ids, cancelled: ids },
    personal: doer,
  }),
  'incident.refused': defineRefusal('A person who may not do so tried to close an incident or to set its severity.', {
    open: { incident: id, close: flag.optional(), severity: text.optional() },
    personal: {},
  }),
};

const alert = {
  open: { alert: id, mapping: code, source: code, at: text },
  personal: { key: text, title: text, url: text.nullable() },
};

const alerts = {
  'alert.fired': defineEvent({ about: 'none', when: 'A source reported an alert that the policy maps.', ...alert }),
  'alert.reopened': defineEvent({ about: 'none', when: 'An alert fired again soon after it was resolved.', ...alert }),
  'alert.resolved': defineEvent({ about: 'none', when: 'A source reported that an alert is over.', ...alert }),
  'alert.notified': defineEvent({
    about: 'none',
    when: 'Latchkey decided whom it notifies of an alert.',
    open: { alert: id, mapping: code, route: code },
    personal: { notified: ids },
  }),
};

export const INCIDENT_EVENTS = { ...incidents, ...alerts };
