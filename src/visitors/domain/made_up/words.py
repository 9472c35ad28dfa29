"""Conversation topics of made-up people by language, and facts about them."""

from __future__ import annotations

from typing import NamedTuple


class Topic(NamedTuple):
    """A conversation: its title, the question, the agent's answer, and the outcome."""

    title: str
    question: str
    answer: str
    thanks: str


TOPICS: dict[str, tuple[Topic, ...]] = {
    "en": (
        Topic("Invoice", "Hi, where can I find last month's invoice?", "You find it under Account → Billing.",
              "Got it, thank you!"),
        Topic("Cannot log in", "The login page says that my password is wrong, but it isn't.",
              "I have sent you a link to set a new one.", "That worked. Thanks for the quick help!"),
        Topic("Discount", "Is there a discount for non-profits?", "Yes, 20% on every plan. Shall I set it up?",
              "Yes, please."),
    ),
    "de": (
        Topic("Rechnung", "Hallo, wo finde ich die Rechnung vom letzten Monat?",
              "Unter „Konto → Abrechnung“ stehen alle Rechnungen.", "Gefunden, vielen Dank!"),
        Topic("Anmeldung klappt nicht", "Die Seite sagt, mein Passwort sei falsch. Ist es aber nicht.",
              "Ich habe Ihnen einen Link für ein neues geschickt.", "Jetzt geht es. Danke für die schnelle Hilfe!"),
    ),
    "fr": (
        Topic("Facture", "Bonjour, où puis-je trouver la facture du mois dernier ?",
              "Elle est dans « Compte → Facturation ».", "Parfait, merci beaucoup !"),
        Topic("Connexion impossible", "La page dit que mon mot de passe est faux, mais c'est le bon.",
              "Je vous ai envoyé un lien pour en choisir un autre.", "Ça marche, merci !"),
    ),
    "es": (
        Topic("Factura", "Hola, ¿dónde encuentro la factura del mes pasado?", "Está en «Cuenta → Facturación».",
              "¡Ya la tengo, gracias!"),
        Topic("No puedo entrar", "La página dice que mi contraseña es incorrecta, pero no lo es.",
              "Le he enviado un enlace para crear una nueva.", "Ya funciona. ¡Muchas gracias!"),
    ),
    "pt": (
        Topic("Fatura", "Olá, onde encontro a fatura do mês passado?", "Ela está em “Conta → Cobrança”.",
              "Achei, muito obrigado!"),
        Topic("Não consigo entrar", "A página diz que a minha senha está errada, mas não está.",
              "Enviei um link para você criar uma nova.", "Agora funcionou, valeu!"),
    ),
    "it": (
        Topic("Fattura", "Buongiorno, dove trovo la fattura del mese scorso?", "È in «Account → Fatturazione».",
              "Trovata, grazie mille!"),
        Topic("Non riesco ad accedere", "La pagina dice che la password è sbagliata, ma non lo è.",
              "Le ho inviato un link per sceglierne una nuova.", "Ora funziona. Grazie!"),
    ),
    "nl": (
        Topic("Factuur", "Hallo, waar vind ik de factuur van vorige maand?", "Die staat onder Account → Facturering.",
              "Gevonden, dank je wel!"),
        Topic("Inloggen lukt niet", "De pagina zegt dat mijn wachtwoord fout is, maar dat is niet zo.",
              "Ik heb je een link gestuurd voor een nieuw wachtwoord.", "Het werkt weer. Bedankt!"),
    ),
    "sv": (
        Topic("Faktura", "Hej, var hittar jag förra månadens faktura?", "Den finns under Konto → Betalning.",
              "Hittade den, tack!"),
        Topic("Kan inte logga in", "Sidan säger att mitt lösenord är fel, men det är rätt.",
              "Jag har skickat en länk till ett nytt.", "Nu går det. Tack så mycket!"),
    ),
    "pl": (
        Topic("Faktura", "Dzień dobry, gdzie znajdę fakturę za zeszły miesiąc?", "Jest w sekcji „Konto → Płatności”.",
              "Mam, dziękuję!"),
        Topic("Nie mogę się zalogować", "Strona mówi, że hasło jest złe, a jest dobre.",
              "Wysłałem link do ustawienia nowego.", "Już działa, dziękuję za pomoc!"),
    ),
    "tr": (
        Topic("Fatura", "Merhaba, geçen ayın faturasını nerede bulabilirim?", "“Hesap → Ödemeler” bölümünde.",
              "Buldum, teşekkürler!"),
        Topic("Giriş yapamıyorum", "Sayfa şifremin yanlış olduğunu söylüyor ama doğru.",
              "Yeni bir şifre için bağlantı gönderdim.", "Şimdi oldu, çok teşekkürler!"),
    ),
    "uk": (
        Topic("Рахунок", "Добрий день! Де знайти рахунок за минулий місяць?", "Він у розділі «Акаунт → Оплата».",
              "Знайшла, дякую!"),
        Topic("Не можу увійти", "Сторінка каже, що пароль неправильний, але він правильний.",
              "Надіслали вам посилання для нового.", "Тепер працює, дякую за допомогу!"),
    ),
    "el": (
        Topic("Τιμολόγιο", "Καλησπέρα, πού βρίσκω το τιμολόγιο του περασμένου μήνα;",
              "Είναι στο «Λογαριασμός → Χρεώσεις».", "Το βρήκα, ευχαριστώ!"),
        Topic("Δεν μπορώ να συνδεθώ", "Η σελίδα λέει ότι ο κωδικός είναι λάθος, αλλά δεν είναι.",
              "Σας έστειλα σύνδεσμο για νέο κωδικό.", "Τώρα δουλεύει. Ευχαριστώ πολύ!"),
    ),
    "ar": (
        Topic("الفاتورة", "مرحبا، أين أجد فاتورة الشهر الماضي؟", "ستجدها في «الحساب ← الفواتير».",
              "وجدتها، شكرا جزيلا!"),
        Topic("لا أستطيع الدخول", "تقول الصفحة إن كلمة المرور خاطئة، لكنها صحيحة.",
              "أرسلت لك رابطا لاختيار كلمة جديدة.", "يعمل الآن، شكرا على المساعدة!"),
    ),
    "he": (
        Topic("חשבונית", "שלום, איפה אפשר למצוא את החשבונית של החודש שעבר?", "היא נמצאת תחת ״חשבון ← חיובים״.",
              "מצאתי, תודה רבה!"),
        Topic("לא מצליחה להתחבר", "הדף אומר שהסיסמה שגויה, אבל היא נכונה.", "שלחנו קישור לבחירת סיסמה חדשה.",
              "עכשיו זה עובד, תודה!"),
    ),
    "hi": (
        Topic("बिल", "नमस्ते, पिछले महीने का बिल कहाँ मिलेगा?", "यह “खाता → बिलिंग” में है।", "मिल गया, धन्यवाद!"),
        Topic("लॉग इन नहीं हो रहा", "पेज कहता है कि पासवर्ड गलत है, पर वह सही है।", "नया पासवर्ड बनाने का लिंक भेज दिया है।",
              "अब हो गया, बहुत धन्यवाद!"),
    ),
    "th": (
        Topic("ใบแจ้งหนี้", "สวัสดี จะหาใบแจ้งหนี้เดือนที่แล้วได้ที่ไหน", "อยู่ที่ “บัญชี → การชำระเงิน”", "เจอแล้ว ขอบคุณมาก"),
        Topic("เข้าสู่ระบบไม่ได้", "หน้าเว็บบอกว่ารหัสผ่านผิด แต่จริง ๆ แล้วถูกต้อง", "ส่งลิงก์สำหรับตั้งรหัสผ่านใหม่ให้แล้ว",
              "ใช้ได้แล้ว ขอบคุณ!"),
    ),
    "zh-CN": (
        Topic("发票", "您好，上个月的发票在哪里可以找到？", "在“账户 → 账单”里。", "找到了，谢谢！"),
        Topic("无法登录", "页面提示密码错误，但密码是对的。", "已给您发送了重设密码的链接。", "现在可以了，非常感谢！"),
    ),
    "zh-TW": (
        Topic("發票", "您好，請問上個月的發票在哪裡？", "在「帳戶 → 帳單」裡面。", "找到了，謝謝！"),
        Topic("無法登入", "頁面說密碼錯誤，但密碼是對的。", "已寄出重設密碼的連結。", "現在可以了，非常感謝！"),
    ),
    "ja": (
        Topic("請求書", "こんにちは。先月の請求書はどこで見られますか？", "「アカウント → 請求」にございます。",
              "見つかりました。ありがとうございます！"),
        Topic("ログインできません", "パスワードが違うと表示されますが、正しいはずです。",
              "再設定用のリンクをお送りしました。", "ログインできました。助かりました！"),
    ),
    "ko": (
        Topic("청구서", "안녕하세요, 지난달 청구서는 어디에서 볼 수 있나요?",
              "‘계정 → 결제’에 있습니다.",
              "찾았어요, 감사합니다!"),
        Topic("로그인이 안 돼요", "비밀번호가 틀렸다고 나오는데 맞는 비밀번호예요.",
              "새 비밀번호를 정할 링크를 보내 드렸습니다.",
              "이제 됩니다. 고맙습니다!"),
    ),
}  # fmt: skip
"""By language, or by locale where the spelling differs."""

AGENTS = ("Alex", "Kim", "Robin", "Sam")
"""Agents, who also block visitors."""

BLOCK_REASONS = ("spam", "abusive language", "chargeback", "tried to break in", None)
"""Block reasons; None for some."""

METADATA: tuple[dict[str, str | int | float | bool | None], ...] = tuple(
    {"plan": plan, "seats": seats, "mrr": seats * price, "newsletter": newsletter, "industry": industry}
    for plan, seats, price in (("free", 1, 0), ("free", 1, 0), ("pro", 1, 19.5), ("team", 5, 15.25), ("team", 12, 14.5),
                               ("enterprise", 250, 11))
    for newsletter in (True, False)
    for industry in ("retail", "software", "health", None)
)  # fmt: skip
"""Metadata that an application might have about its users."""

EVERYBODYS_DOMAINS = ("example.com", "example.net", "example.org")
COMPANY_WORDS = (
    "amber", "birch", "cedar", "delta", "ember", "falcon", "garnet", "harbor", "indigo", "juniper", "kestrel", "lumen",
    "maple", "north", "orchid", "pine", "quartz", "river", "summit", "tidal", "umber", "vista", "willow", "zephyr",
)  # fmt: skip
COMPANY_ENDS = ("example", "test")
"""Reserved top-level domains (RFC 2606)."""
