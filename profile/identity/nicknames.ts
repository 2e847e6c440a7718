/** Given names that people use for one another. For comparing only: nothing is rewritten. Data: extend it here. */
const groups = `
alexander alex sandy xander sasha
alexandra alex sandra lexi sasha alexa
alfred fred alfie
amanda mandy
andrew andy drew
angela angie
ann anna anne annie
anthony tony
antonio tony toni
barbara barb babs
benjamin ben benny
bernard bernie
bradley brad
catherine katherine kathryn cathy kathy kate katie katy cat kat kitty
charles charlie chuck
charlotte charlie lottie
christina christine chris tina chrissy
christopher chris kit topher
daniel dan danny
david dave davey
deborah debra deb debbie
dominic dom nick
donald don donny
dorothy dot dottie
douglas doug
edward ed eddie ted ned
eleanor ellie nell nora
elizabeth elisabeth liz lizzie beth betty eliza libby lisa
emily em emmy
emma em emmy
florence flo
francis frank frankie
frances fran francesca
franz francis
frederick fred freddie
gabriel gabe
gabrielle gabriella gabi gaby
geoffrey jeffrey geoff jeff
george georgie
gerald gerry jerry
giovanni gianni
gregory greg
harold harry hal
henry harry hank
isabella isabel isabelle izzy bella
jacob jake
jacqueline jackie
james jim jimmy jamie
janet jan
jennifer jen jenny
jessica jess jessie
joan joanie
joanna joanne jo
johann hans
johannes hans johann
john johnny jack jon
jonathan jon jonny
joseph joe joey
josephine jo josie
joshua josh
judith judy
julia julie
kenneth ken kenny
kimberly kim
lawrence laurence larry
leonard leo len lenny
lillian lily
louis lou louie
louise lou
lucy lucia
madeleine madeline maddie
margaret maggie meg peggy marge greta
maria marie mary
martin marty
matthew matt matty
maximilian max
megan meg
melissa mel
melanie mel
michael mike mick mickey mikey
michelle shelly
mohammed muhammad mohamed mohammad mo
natalie nat
natasha tasha
nathan nate
nathaniel nate nathan
nicholas nick nicky nicolas klaus
nicola nicole nicky nikki
oliver ollie
olivia liv livvy
pamela pam
patricia pat patty tricia trish
patrick pat paddy
peter pete
philip phillip phil
rachel rach
raymond ray
rebecca becky becca
richard rick rich ricky dick
robert rob bob bobby robbie bert
ronald ron ronnie
rosemary rose rosie
samantha sam sammy
samuel sam sammy
sarah sara sally
sebastian seb
sophia sophie sofia
stephanie steph
stephen steven steve
stuart stewart stu
susan sue susie suzanne
teresa theresa tess terry
theodore theo ted teddy
thomas tom tommy
timothy tim timmy
valerie val
vanessa nessa
veronica ronnie
victor vic
victoria vicky vikki tori
vincent vince vinny
virginia ginny
walter walt
william will bill billy liam willy
wilhelm willi
zachary zach zack
`;

const membership = new Map<string, Set<number>>();
groups
  .trim()
  .split("\n")
  .forEach((line, group) => {
    for (const name of line.split(" ")) {
      const known = membership.get(name) ?? new Set();
      membership.set(name, known.add(group));
    }
  });

/** Whether one person may go by both names: robert, bob. Not transitive: bob and bert both mean robert, alex may mean two. */
export function sameByNickname(a: string, b: string): boolean {
  const groupsOfA = membership.get(a);
  const groupsOfB = membership.get(b);
  return groupsOfA !== undefined && groupsOfB !== undefined && !groupsOfA.isDisjointFrom(groupsOfB);
}
