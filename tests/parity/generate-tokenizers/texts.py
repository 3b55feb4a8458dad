"""What the tokenizers learn from, and what they are asked to encode: many scripts, emoji, blanks, control characters."""

import random
import unicodedata

SENTENCES = [
    "The time is 7:45 pm, so it is evening. She sells sea shells by the sea shore.",
    "It's what they've said: I'd go, you'll stay, we're done, he'S LOUD, don't 'quote'.",
    "def fib(n):\n    return n if n < 2 else fib(n - 1) + fib(n - 2)\n\n\tprint(fib(10))  # 55\n",
    "https://example.org/a?b=1&c=%20#frag user@example.org C:\\Temp\\x.txt {\"key\": [1, 2.5e-3, null]}",
    "Größe, Straße, Übermut; l'été à Noël; ¿Qué tal, señor? Łódź, žluťoučký kůň, ığüşöç, Å Å",
    "Съешь же ещё этих мягких французских булок, да выпей чаю. Київ, България.",
    "Ξεσκεπάζω την ψυχοφθόρα βδελυγμία. Ὅμηρος, ΟΔΥΣΣΕΥΣ.",
    "השועל החום המהיר קופץ מעל הכלב העצלן. שָׁלוֹם",
    "نص حكيم له سر قاطع وذو شأن عظيم. ٠١٢٣٤٥٦٧٨٩ ۰۱۲۳",
    "ऋषियों को सताने वाले राक्षस। क्षत्रिय १२३ नमस्ते",
    "தமிழ் மொழி ௧௨௩ বাংলা ভাষা ১২৩ ಕನ್ನಡ తెలుగు മലയാളം ગુજરાતી ਪੰਜਾਬੀ සිංහල",
    "เป็นมนุษย์สุดประเสริฐเลิศคุณค่า ภาษาไทย ๑๒๓ ພາສາລາວ မြန်မာ ខ្មែរ",
    "我能吞下玻璃而不伤身体。繁體中文，測試「引號」！１２３ＡＢＣ",
    "色は匂へど散りぬるを。カタカナ ﾊﾝｶｸ ひらがな ー 々 〆",
    "키스의 고유조건은 입술끼리 만나야 하고. 한글",
    "ამხანაგი ჰკითხავს Հայերեն ᏣᎳᎩ አማርኛ ትግርኛ ᠮᠣᠩᠭᠣᠯ བོད་ཡིག",
    "👍 👍🏽 👩‍👩‍👧‍👦 🏳️‍🌈 🇩🇪🇯🇵 ☃️ ❤️ 1️⃣ 🤷🏽‍♀️",
    "∀x∈ℝ: ⌈x⌉ = −⌊−x⌋, α ∧ ¬β → γ; x² + y³ ≠ ½ ⅔ Ⅷ ⑨ ㊿; €1,234.56 ₹ ฿",
    "“quotes” ‘single’ «guillemets» — – ‐ … · • † ‡ § ¶ © ® ™ ° ′ ″",
    "ﬁne ﬂow oﬃce ① ² ª º ㎏ ㏒ Ⅳ ｆｕｌｌ ｗｉｄｔｈ ～ ﷺ ㍿",
]

CURATED = [
    "",
    " ",
    "  ",
    "     ",
    "\n",
    "\n\n\n",
    "\r\n\r\n",
    "\t",
    " \t \n \r ",
    "a",
    " a",
    "a ",
    "  a  b   c    ",
    "Hello",
    " Hello",
    "Hello, world!",
    "hello\nworld\n",
    "trailing spaces   \n   leading",
    "tabs\tand\t\tmore",
    "1 12 123 1234 12345 123456 1234567890",
    "3.14159 1,000,000 -42 +7 1e-9 0x1F",
    "I'm I'M you're YOU'RE it's IT'S we've they'd he'll don't 's 'S",
    "...!!!???,,,;;;:::---___",
    "(((nested [brackets {here}])))",
    "snake_case camelCase PascalCase kebab-case SCREAMING_CASE",
    "e\u0301 \u00e9 a\u0308\u0323 o\u0304\u0301 \u1e69 s\u0323\u0307 q\u0307\u0323",
    "\u1100\u1161\u11a8 \uac01 \ud55c\uae00 \u1112\u1161\u11ab",
    "\u00a0nbsp\u00a0 \u2003em\u2009thin\u202fnarrow\u3000wide\u2028line\u2029para",
    "zero\u200bwidth\u200cnon\u200djoiner\u2060word\ufeffbom",
    "\ufeffbom first",
    "\ufeff",
    "a\ufeff \ufeffb",
    "\u0085next line\u0085 \u0085",
    "a\u0085b \u000b vertical \u000c form \u001c\u001d\u001e\u001f separators",
    "nul \u0000 soh \u0001 bel \u0007 bs \b esc \u001b del \u007f",
    "\u0000",
    "\u0080\u009f\u00ad soft\u00adhyphen",
    "\u202eright to left\u202c \u2066isolate\u2069",
    "\ufffd replacement \ufffe\uffff",
    "\U00010000 \U0001d400\U0001d401 \U0001f600 \U00020000 \U0010ffff",
    "\ue000 private \U000f0000",
    "combining \u0301 alone and \u20dd circle",
    "\u0301",
    "<0x41> <0xE2> <0x0A> <unk> <s> </s> <pad>",
    "<s>Hello</s>",
    " <s> Hello </s> ",
    "▁ lower one eighth block ▁▁ ▁a",
    "▁",
    "Ġ Ċ ĉ Ã©",
    "· ⏎ ⇥",
    "<|endoftext|>",
    "a<|endoftext|>b <|endoftext|> c",
    "<|begin_of_text|>x<|eot_id|>",
    "<|im_start|>user\nhi<|im_end|>\n",
    "<bos>a<eos>  <start_of_turn>user\n",
    "[LEFT] a  [LEFT]  b  [RIGHT]  c [BOTH] d  [BOTH]",
    "NORMALIZED normalized  <plain> <Plain> ＜plain＞",
    "\u0130\u0131 \u1e9e ß ẞ ǅ ﬀ ς σ Σ",
    "K Å Ω ſ it'ſ",
    "٣٤ ३४ ๓๔ ４５ ½ ² Ⅷ ① 一二三 1२3",
    "日本語のテキストは空白なしで書かれます。",
    "การเขียนภาษาไทยไม่มีช่องว่าง",
    "ａｂｃ　ＤＥＦ　１２３",
    "👍🏽👩‍👩‍👧‍👦🏳️‍🌈🇩🇪",
    "😀😃😄😁😆😅😂🤣☺️😊",
    "mixed 日本 русский עברית العربية हिन्दी 👍 end",
    "\\n \\t \\u0041 %s {0} ${x} $& $1 $$",
    "a" * 300,
    " " * 150 + "x",
    "ab" * 200 + "\n" * 40,
    "é" * 60 + "日" * 60,
    "http://[::1]:8080/~user/?q=a+b&c=d;e#f",
    "SELECT * FROM t WHERE a='b' AND c<>\"d\"; -- comment",
    "<div class=\"x\">&amp;&lt;</div><!-- c -->",
    "x = [i**2 for i in range(10) if i % 2 == 0]",
    "    indented\n        twice\n\ttab\n",
    "end with newline\n",
    "end with two\n\n",
    "\n start with newline",
    "a\u3000b\u2003\u2003c",
    "ﷺ ㍿ ㌔ Ǆ ĳ ŉ ſt",
    "~～〜",
    "～a～",
    "ﾊﾟﾋﾟ ｶﾞ ガ がか\u3099",
    # Newer than the Unicode tables that the reference normalizes with: a sign of 2019, a mark of 2017.
    "\u32ff",
    "q\u08d4\u0d3b",
]


def corpus(kinds: int = len(SENTENCES)) -> list[str]:
    """Enough text, in fixed order, for a few hundred merges; of the first `kinds` sentences, to leave scripts unknown."""
    rng = random.Random(7)
    lines = []
    for _ in range(60):
        for sentence in SENTENCES[:kinds]:
            words = sentence.split(" ")
            rng.shuffle(words)
            lines.append(sentence)
            lines.append(" ".join(words))
    return lines


def old_characters() -> list[str]:
    """Characters of Unicode 3.2, which every regular expression engine knows alike."""
    points = [*range(0x20, 0x600), *range(0x900, 0xE80), *range(0x1E00, 0x2700), *range(0x3000, 0x3400), 0x1D400]
    points += [*range(0x4E00, 0x4F00), *range(0xAC00, 0xAD00), *range(0xF900, 0xFA00), *range(0xFE30, 0xFFEE)]
    return [chr(p) for p in points if unicodedata.ucd_3_2_0.category(chr(p)) not in ("Cn", "Cs")]


def texts() -> list[str]:
    rng = random.Random(11)
    chars = old_characters()
    result = [*CURATED, *SENTENCES]
    for _ in range(120):
        result.append("".join(rng.choice(chars) for _ in range(rng.randint(1, 40))))
    blanks = [" ", "  ", "\n", "\t", "\r\n", "\u00a0", "", "\u3000", "'", "."]
    words = [word for sentence in SENTENCES for word in sentence.split(" ")]
    for _ in range(120):
        result.append("".join(rng.choice(words) + rng.choice(blanks) for _ in range(rng.randint(1, 12))))
    return result
