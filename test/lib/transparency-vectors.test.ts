/**
 * What others published. The notes are the examples of C2SP's signed-note and tlog-cosignature (CC BY 4.0, github.com/C2SP/C2SP at
 * 5ba5ee83) and of Go's sumdb/note (BSD 3-Clause); the tree is the one of Certificate Transparency's reference tests (Apache 2.0).
 */
import { spawnSync } from 'node:child_process';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { parseCheckpoint } from '../../src/lib/transparency/checkpoint.ts';
import { checkNote, parseNote, parseVkey } from '../../src/lib/transparency/note.ts';
import { rootOfTexts } from '../../src/lib/transparency/tree.ts';

const C2SP = {
  vkey: 'example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k',
  note: 'This is an example message.\n\n— example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n',
};
const GO = {
  vkey: 'PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW',
  note: "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n\n— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n",
};
const COSIGNED =
  'example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n— example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n— witness.example.com/w1 jWbPPwAAAABkGFDLEZMHwSRaJNiIDoe9DYn/zXcrtPHeolMI5OWXEhZCB9dlrDJsX3b2oyin1nPZqhf5nNo0xUe+mbIUBkBIfZ+qnA==\n';

const opened = (note: string, vkey: string) => {
  const [parsed, key] = [parseNote(note), parseVkey(vkey)];
  return parsed && key ? checkNote(parsed, [key]).isGood : null;
};

const VERIFIER_FOLDER = dirname(fileURLToPath(new URL('../../evidence/verify.py', import.meta.url)));
const inPython = (note: string, vkey: string): string => {
  const program = `import json, sys; sys.path.insert(0, ${JSON.stringify(VERIFIER_FOLDER)}); import verify
note, vkey = json.loads(sys.stdin.read())
try: print(len(verify.open_note(note.encode(), [verify.parse_vkey(vkey)], "it")[1]))
except verify.Refused as refused: print("refused")`;
  return spawnSync('python3', ['-B', '-c', program], {
    input: JSON.stringify([note, vkey]),
    encoding: 'utf8',
  }).stdout.trim();
};

describe.each([
  ['C2SP', C2SP],
  ['Go', GO],
])('the signed note of %s', (_, { vkey, note }) => {
  test('holds here and in verify.py, and with a letter changed in neither', () => {
    const changed = note.replace('i', 'j');
    expect([opened(note, vkey), opened(changed, vkey)]).toEqual([true, false]);
    expect([inPython(note, vkey), inPython(changed, vkey)]).toEqual(['1', 'refused']);
  });
});

test('the checkpoint with a cosignature is read, and unknown keys prove nothing', () => {
  expect(parseCheckpoint(COSIGNED)).toMatchObject({ origin: 'example.com/behind-the-sofa', size: 20_852_163 });
  expect(parseNote(COSIGNED)?.signatures.map(({ name, bytes }) => [name, bytes.length])).toEqual([
    ['example.com/behind-the-sofa', 64],
    ['witness.example.com/w1', 72],
  ]);
  expect(opened(COSIGNED, C2SP.vkey)).toBe(false);
});

test('the trees of one to eight leaves have the roots of the reference tests', () => {
  const leaves = ['', '\0', '\x10', ' !', '01', '@ABC', 'PQRSTUVW', '`abcdefghijklmno'];
  const roots = [
    '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
    'fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125',
    'aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77',
    'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
    '4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4',
    '76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef',
    'ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c',
    '5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328',
  ];
  expect(leaves.map((_, at) => rootOfTexts(leaves.slice(0, at + 1)).toString('hex'))).toEqual(roots);
});
