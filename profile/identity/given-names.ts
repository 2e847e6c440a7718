/**
 * Given names that are distinct: two different ones are two people, however similar their spelling (ella and elsa,
 * christine and christopher). Nicknames (`nicknames.ts`) and other spellings of one name are no difference. Data: extend it
 * here. Rare names and typing errors are in no list and are compared by their letters.
 */
const names = `
adam adele adrian adriana agnes agatha alan albert alberta alessandro alessandra alexander alexandra alfred alice alicia alina alma alva amalia amanda amber amelia
amir amy andrea andreas andre andrew angela angelina angelo anita anja anke anna anne annette anthony anton antonia antonio arthur astrid august aurora axel
barbara bastian beatrice beatrix benedict benedikt benjamin bernard bernadette bernd bianca bjorn boris brenda brian bridget bruno
camilla carina carl carla carlo carlos carmen carol carolin caroline catherine cecilia celine charles charlotte chiara chloe christa christian christiane christina
christine christoph christopher clara clarissa claude claudia claudio clemens colette colin connor corinna cornelia cornelius craig cristina
dagmar damian damien daniel danielle daniela dario david deborah denis denise derek diana diego dieter dietmar dominic dominik dominique donald donna doris dorothea dorothy douglas
eberhard edgar edith edmund eduard edward eileen elaine eleanor elena eleonora elias elisa elizabeth ella ellen elsa elvira emil emilia emilie emily emma enrico eric erica erika erwin esther
ethan eugen eugene eva evelyn fabian fabio fabienne felicia felicitas felix ferdinand fernanda fernando fiona florence florian frances francesca francesco francis francisco franco frank
franz franziska frederick frederica friederike friedrich gabriel gabriele gabriella gabrielle gareth gary georg george georgia georgina gerald gerard gerda gerhard gillian gina giovanna giovanni
giulia giuliano giuseppe gloria gordon grace graham gregory greta guido guillermo gustav hannah hannes hans harald harold harriet harry heather hedwig heidi heike heiko heinrich heinz helen helena helene
helga helmut henrik henriette henry herbert hermann hilda hildegard holger hubert hugo ida ignacio ilse imogen ines ingrid irene iris irma isabel isabella ivan ivana jack jacob jacqueline jacques james jan jana
janet janine jasmin jason jasper javier jean jeanette jeffrey jennifer jens jeremy jessica jill joachim joan joanna joel johanna johannes john jonas jonathan jorg jorge josefine joseph josephine joshua joyce juan juanita
judith julia julian juliana juliane julie juliet jurgen justin karen karin karina karl karla karolina katharina katherine kathleen katja keith kenneth kerstin kevin kimberly klara klaudia klaus konrad konstantin kristin kristina kurt
lara larissa lars laura lauren laurence laurent lea lena leo leon leona leonard leonie leonora leopold leslie liam lidia lilian liliana linda linus lisa livia lorena lorenzo louis louisa louise luca lucas lucia lucian luciano lucy
ludwig luigi luis luisa lukas lydia magdalena malte manfred manuel manuela marcel marcella marco marcus margaret margit maria marian mariana marianne mariano marie marina mario marion marisa marius mark markus marlene marta martin martina mary
mathilda mathias matteo matthew matthias maureen maurice max maximilian maxine melanie melissa mia michael michaela michelle miguel mila milan miles miriam mohammed monica monika moritz morten nadia nadine naomi natalia natalie natascha nathan
nathaniel neil nicholas nicola nicolas nicole niels nigel nina nora norbert norman oliver olivia oscar oskar otto pablo pamela paola paolo pascal patricia patrick paul paulina pedro penelope peter petra philip philippa pierre
rachel rafael raimund ralph ramona raphael raquel raymond rebecca regina reinhard renate rene ricardo richard rita robert roberta roberto robin roger roland rolf roman romana ronald rosa rosalie rosemary rosa roy rudolf rupert ruth ryan
sabine sabrina samantha samuel sandra sara sarah sascha sean sebastian selina sergio sharon sheila sibylle siegfried sigrid silke silvia simon simone sofia sonja sophie stefan stefanie stella stephan stephanie stephen steven stuart susan susanne svenja sven
sylvia tamara tanja tatjana teresa terence thea theodor theodora theresa thomas tim tina tobias todd tom tomas torsten tristan udo ulrich ulrike ursula ute uwe valentin valentina valeria valerie vanessa vera verena veronica veronika victor victoria vincent viola violet virginia
vivian vivien volker walter waltraud wendy werner wilhelm wilhelmina william wolfgang xaver yolanda yvette yvonne zachary zara
`;

const known: ReadonlySet<string> = new Set(names.trim().split(/\s+/));

/** Whether both are distinct names, and not two spellings of one name. */
export function areDifferentNames(a: string, b: string): boolean {
  return known.has(a) && known.has(b) && spellingOf(a) !== spellingOf(b);
}

/** What sounds alike is one name: marc and mark, stephan and stefan, hanna and hannah, kathrin and katrin. */
function spellingOf(name: string): string {
  return name
    .replace(/ph/g, "f")
    .replace(/ck|c(?!h)/g, "k")
    .replace(/(?<=[a-z])h/g, "")
    .replace(/y|ie/g, "i")
    .replace(/z/g, "s")
    .replace(/(.)\1/g, "$1");
}
