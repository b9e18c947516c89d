/** What each kind of subject's messages are made from. A new kind is one line here and one in `MESSAGES`. */
import type { MessageSubject, SubjectKind } from '../message-ports.ts';
import type { OpenScene, Opened, SceneDeps } from '../scene.ts';
import { openAdminNotification } from './admin-notification.ts';
import { openAlert } from './alert.ts';
import { openCampaign } from './campaign.ts';
import { openIncidentScene } from './incident.ts';
import { openPreApproval } from './pre-approval.ts';
import { openReport } from './report.ts';
import { openRequest } from './request.ts';
import { openRevocation } from './revocation.ts';

const SCENES = {
  request: openRequest,
  incident: openIncidentScene,
  alert: openAlert,
  pre_approval: openPreApproval,
  revocation: openRevocation,
  admin_notification: openAdminNotification,
  campaign: openCampaign,
  report: openReport,
} satisfies { [S in SubjectKind]: OpenScene<S> };

export const openScene = (deps: SceneDeps, { kind, id }: MessageSubject): Promise<Opened<SubjectKind>> =>
  SCENES[kind](deps, id);
