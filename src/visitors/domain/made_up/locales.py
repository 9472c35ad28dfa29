"""Places, names and languages of made-up people, grouped by locale so that they fit together.

A name may be followed by `=` and its spelling in an email address, if that is not the name in lower case. Surnames are
the same for men and women.
"""

from __future__ import annotations

from typing import NamedTuple


class City(NamedTuple):
    """A place as an IP geolocation service returns it: in English, with its centre in degrees."""

    name: str
    region: str
    timezone: str
    latitude: float
    longitude: float


class Name(NamedTuple):
    """A given name or surname: its spelling, and its form in an email address."""

    written: str
    ascii: str


class Locale(NamedTuple):
    """The people of one language and country; `weight` is their relative frequency."""

    tag: str
    weight: int
    country: str
    country_code: str
    cities: tuple[City, ...]
    given: tuple[Name, ...]
    family: tuple[Name, ...]
    order: str = "{given} {family}"


def _names(text: str) -> tuple[Name, ...]:
    pairs = (word.partition("=") for word in text.split())
    return tuple(Name(written, letters or written.lower()) for written, _, letters in pairs)


_US = (
    City("New York", "New York", "America/New_York", 40.71, -74.01),
    City("Chicago", "Illinois", "America/Chicago", 41.88, -87.63),
    City("Denver", "Colorado", "America/Denver", 39.74, -104.99),
    City("Seattle", "Washington", "America/Los_Angeles", 47.61, -122.33),
    City("Austin", "Texas", "America/Chicago", 30.27, -97.74),
)
_GB = (
    City("London", "England", "Europe/London", 51.51, -0.13),
    City("Manchester", "England", "Europe/London", 53.48, -2.24),
    City("Edinburgh", "Scotland", "Europe/London", 55.95, -3.19),
    City("Cardiff", "Wales", "Europe/London", 51.48, -3.18),
)
_DE = (
    City("Berlin", "Berlin", "Europe/Berlin", 52.52, 13.41),
    City("Hamburg", "Hamburg", "Europe/Berlin", 53.55, 9.99),
    City("Munich", "Bavaria", "Europe/Berlin", 48.14, 11.58),
    City("Cologne", "North Rhine-Westphalia", "Europe/Berlin", 50.94, 6.96),
)
_FR = (
    City("Paris", "Île-de-France", "Europe/Paris", 48.86, 2.35),
    City("Lyon", "Auvergne-Rhône-Alpes", "Europe/Paris", 45.76, 4.84),
    City("Marseille", "Provence-Alpes-Côte d'Azur", "Europe/Paris", 43.3, 5.37),
)
_ES = (
    City("Madrid", "Madrid", "Europe/Madrid", 40.42, -3.7),
    City("Seville", "Andalusia", "Europe/Madrid", 37.39, -5.98),
    City("Las Palmas", "Canary Islands", "Atlantic/Canary", 28.12, -15.44),
)
_MX = (
    City("Mexico City", "Mexico City", "America/Mexico_City", 19.43, -99.13),
    City("Guadalajara", "Jalisco", "America/Mexico_City", 20.67, -103.35),
    City("Tijuana", "Baja California", "America/Tijuana", 32.51, -117.04),
)
_BR = (
    City("São Paulo", "São Paulo", "America/Sao_Paulo", -23.55, -46.63),
    City("Rio de Janeiro", "Rio de Janeiro", "America/Sao_Paulo", -22.91, -43.17),
    City("Manaus", "Amazonas", "America/Manaus", -3.12, -60.02),
)
_IT = (
    City("Rome", "Lazio", "Europe/Rome", 41.9, 12.5),
    City("Milan", "Lombardy", "Europe/Rome", 45.46, 9.19),
    City("Palermo", "Sicily", "Europe/Rome", 38.12, 13.36),
)
_NL = (
    City("Amsterdam", "North Holland", "Europe/Amsterdam", 52.37, 4.9),
    City("Utrecht", "Utrecht", "Europe/Amsterdam", 52.09, 5.12),
    City("Eindhoven", "North Brabant", "Europe/Amsterdam", 51.44, 5.47),
)
_SE = (
    City("Stockholm", "Stockholm County", "Europe/Stockholm", 59.33, 18.07),
    City("Malmö", "Skåne County", "Europe/Stockholm", 55.61, 13.0),
)
_PL = (
    City("Warsaw", "Mazovia", "Europe/Warsaw", 52.23, 21.01),
    City("Kraków", "Lesser Poland", "Europe/Warsaw", 50.06, 19.94),
    City("Gdańsk", "Pomerania", "Europe/Warsaw", 54.35, 18.65),
)
_TR = (
    City("Istanbul", "Istanbul", "Europe/Istanbul", 41.01, 28.98),
    City("Ankara", "Ankara", "Europe/Istanbul", 39.93, 32.86),
)
_UA = (
    City("Kyiv", "Kyiv City", "Europe/Kyiv", 50.45, 30.52),
    City("Lviv", "Lviv Oblast", "Europe/Kyiv", 49.84, 24.03),
)
_GR = (
    City("Athens", "Attica", "Europe/Athens", 37.98, 23.73),
    City("Thessaloniki", "Central Macedonia", "Europe/Athens", 40.64, 22.94),
)
_EG = (
    City("Cairo", "Cairo", "Africa/Cairo", 30.04, 31.24),
    City("Alexandria", "Alexandria", "Africa/Cairo", 31.2, 29.92),
)
_IL = (
    City("Tel Aviv", "Tel Aviv", "Asia/Jerusalem", 32.09, 34.78),
    City("Haifa", "Haifa", "Asia/Jerusalem", 32.79, 34.99),
)
_IN = (
    City("Delhi", "Delhi", "Asia/Kolkata", 28.65, 77.23),
    City("Mumbai", "Maharashtra", "Asia/Kolkata", 19.08, 72.88),
    City("Lucknow", "Uttar Pradesh", "Asia/Kolkata", 26.85, 80.95),
)
_TH = (
    City("Bangkok", "Bangkok", "Asia/Bangkok", 13.75, 100.5),
    City("Chiang Mai", "Chiang Mai", "Asia/Bangkok", 18.79, 98.98),
)
_CN = (
    City("Shanghai", "Shanghai", "Asia/Shanghai", 31.22, 121.46),
    City("Beijing", "Beijing", "Asia/Shanghai", 39.91, 116.4),
    City("Shenzhen", "Guangdong", "Asia/Shanghai", 22.55, 114.07),
)
_TW = (
    City("Taipei", "Taipei City", "Asia/Taipei", 25.05, 121.53),
    City("Kaohsiung", "Kaohsiung", "Asia/Taipei", 22.62, 120.31),
)
_JP = (
    City("Tokyo", "Tokyo", "Asia/Tokyo", 35.69, 139.69),
    City("Osaka", "Osaka", "Asia/Tokyo", 34.69, 135.5),
    City("Sapporo", "Hokkaido", "Asia/Tokyo", 43.07, 141.35),
)
_KR = (
    City("Seoul", "Seoul", "Asia/Seoul", 37.57, 126.98),
    City("Busan", "Busan", "Asia/Seoul", 35.18, 129.08),
)

_ENGLISH_GIVEN = _names("Olivia Noah Emma Liam Ava James Mia Ethan Grace Lucas Zoe Henry Ruby Owen Chloe Leo")
_SPANISH_GIVEN = _names(
    "Lucía=lucia Mateo Sofía=sofia Diego Valentina Javier Carmen Andrés=andres Paula Íñigo=inigo Elena Hugo"
)
_SPANISH_FAMILY = _names(
    "García=garcia Martínez=martinez López=lopez Sánchez=sanchez Pérez=perez Gómez=gomez Ruiz Díaz=diaz Moreno"
    " Muñoz=munoz Navarro Ortega"
)

LOCALES = (
    Locale(
        "en-US", 20, "United States", "US", _US,
        _ENGLISH_GIVEN,
        _names("Smith Johnson Williams Brown Garcia Miller Davis Nguyen O'Brien=obrien Lee Clark Walker Young King"),
    ),
    Locale(
        "en-GB", 9, "United Kingdom", "GB", _GB,
        _ENGLISH_GIVEN,
        _names("Jones Taylor Davies Evans Thomas Patel Wright Hughes Green Hall Wood Begum MacLeod Bennett"),
    ),
    Locale(
        "de-DE", 9, "Germany", "DE", _DE,
        _names("Anna Lukas Lena Jürgen=juergen Käthe=kaethe Paul Marie Jonas Sophie Felix Greta Emil"),
        _names("Müller=mueller Schmidt Schneider Fischer Weiß=weiss Becker Schäfer=schaefer Koch Yılmaz=yilmaz Wolf"
               " Groß=gross Vogel"),
    ),
    Locale(
        "fr-FR", 8, "France", "FR", _FR,
        _names("Camille Hugo Léa=lea Louis Chloé=chloe Gabriel Inès=ines Jules Zoé=zoe Théo=theo Élise=elise Noé=noe"),
        _names("Martin Bernard Dubois Lefèvre=lefevre Moreau Laurent Garnier Faure Rousseau Benoît=benoit Girard"
               " D'Aubigné=daubigne"),
    ),
    Locale("es-ES", 6, "Spain", "ES", _ES, _SPANISH_GIVEN, _SPANISH_FAMILY),
    Locale("es-MX", 5, "Mexico", "MX", _MX, _SPANISH_GIVEN, _SPANISH_FAMILY),
    Locale(
        "pt-BR", 6, "Brazil", "BR", _BR,
        _names("Júlia=julia Miguel Helena Davi Beatriz João=joao Larissa Otávio=otavio Luíza=luiza Caio Antônia=antonia"
               " Rafael"),
        _names("Silva Santos Oliveira Souza Araújo=araujo Ferreira Gonçalves=goncalves Ribeiro Conceição=conceicao"
               " Rocha Moura Teixeira"),
    ),
    Locale(
        "it-IT", 4, "Italy", "IT", _IT,
        _names("Giulia Leonardo Aurora Francesco Ginevra Matteo Chiara Niccolò=niccolo Sara Andrea Bianca Elia"),
        _names("Rossi Russo Ferrari Esposito Bianchi Romano Colombo Ricci Marino Greco Conti D'Angelo=dangelo"),
    ),
    Locale(
        "nl-NL", 3, "Netherlands", "NL", _NL,
        _names("Sanne Daan Eva Sem Fleur Bram Lotte Thijs Noor Gijs Zoë=zoe Jan"),
        _names("Jansen Bakker Visser Smit Meijer Mulder Bos Vos Peters Hendriks Dekker Kuipers"),
    ),
    Locale(
        "sv-SE", 2, "Sweden", "SE", _SE,
        _names("Elsa Hugo Maja Axel Åsa=asa Björn=bjorn Ebba Nils Saga Göran=goran Wilma Olle"),
        _names("Andersson Johansson Karlsson Nilsson Lindström=lindstrom Bergström=bergstrom Sjöberg=sjoberg Holm Ek"
               " Lund Åkesson=akesson Nyberg"),
    ),
    Locale(
        "pl-PL", 4, "Poland", "PL", _PL,
        _names("Zofia Jakub Hanna Szymon Łucja=lucja Mikołaj=mikolaj Maja Stanisław=stanislaw Oliwia Michał=michal"
               " Żaneta=zaneta Jan"),
        _names("Nowak Wójcik=wojcik Kowalczyk Woźniak=wozniak Mazur Krawczyk Zając=zajac Król=krol Wróbel=wrobel"
               " Dudek Gołąb=golab Pawlak"),
    ),
    Locale(
        "tr-TR", 4, "Turkey", "TR", _TR,
        _names("Zeynep Yusuf Elif Ömer=omer Defne Çağlar=caglar Işıl=isil Eymen Ayşe=ayse Şükrü=sukru İpek=ipek Mert"),
        _names("Yılmaz=yilmaz Kaya Demir Şahin=sahin Çelik=celik Yıldız=yildiz Öztürk=ozturk Aydın=aydin Arslan"
               " Doğan=dogan Koç=koc Güneş=gunes"),
    ),
    Locale(
        "uk-UA", 3, "Ukraine", "UA", _UA,
        _names("Софія=sofiia Артем=artem Соломія=solomiia Максим=maksym Анна=anna Дмитро=dmytro Єва=yeva Тарас=taras"
               " Олена=olena Юрій=yurii Злата=zlata"),
        _names("Шевченко=shevchenko Бондаренко=bondarenko Коваленко=kovalenko Мельник=melnyk Ткаченко=tkachenko"
               " Кравець=kravets Гончар=honchar Лисенко=lysenko Мороз=moroz Поліщук=polishchuk"),
    ),
    Locale(
        "el-GR", 2, "Greece", "GR", _GR,
        _names("Μαρία=maria Γιώργος=giorgos Ελένη=eleni Νίκος=nikos Κατερίνα=katerina Γιάννης=giannis Σοφία=sofia"
               " Δημήτρης=dimitris Άννα=anna Χρήστος=christos"),
        _names("Παπαγεωργίου=papageorgiou Οικονόμου=oikonomou Δημητρίου=dimitriou Ιωάννου=ioannou Βασιλείου=vasileiou"
               " Νικολάου=nikolaou Αθανασίου=athanasiou Αντωνίου=antoniou"),
    ),
    Locale(
        "ar-EG", 4, "Egypt", "EG", _EG,
        _names("مريم=mariam محمد=mohamed فاطمة=fatma أحمد=ahmed نور=nour يوسف=youssef سلمى=salma عمر=omar ليلى=layla"
               " خالد=khaled"),
        _names("حسن=hassan إبراهيم=ibrahim علي=ali محمود=mahmoud السيد=elsayed عثمان=osman منصور=mansour فاروق=farouk"
               " شريف=sherif رمضان=ramadan"),
    ),
    Locale(
        "he-IL", 2, "Israel", "IL", _IL,
        _names("נועה=noa דוד=david תמר=tamar אורי=uri מאיה=maya איתן=eitan שירה=shira יוסף=yosef יעל=yael עומר=omer"),
        _names("כהן=cohen לוי=levi מזרחי=mizrahi פרץ=peretz ביטון=biton אברהם=avraham פרידמן=friedman אזולאי=azoulay"),
    ),
    Locale(
        "hi-IN", 6, "India", "IN", _IN,
        _names("आरव=aarav अनन्या=ananya विवान=vivaan दिया=diya अर्जुन=arjun मीरा=meera रोहन=rohan काव्या=kavya"
               " ईशान=ishaan नेहा=neha"),
        _names("शर्मा=sharma वर्मा=verma गुप्ता=gupta सिंह=singh मिश्रा=mishra यादव=yadav पटेल=patel जोशी=joshi"
               " तिवारी=tiwari अग्रवाल=agarwal"),
    ),
    Locale(
        "th-TH", 2, "Thailand", "TH", _TH,
        _names("สมชาย=somchai กมลา=kamala ณัฐ=nat พิมพ์=pim อนันต์=anan มะลิ=mali ธนา=thana วรรณา=wanna"),
        _names("สุวรรณ=suwan ศรีสุข=srisuk แก้วใส=kaewsai ทองดี=thongdee วงศ์ใหญ่=wongyai บุญมี=boonmee"
               " จันทร์เพ็ญ=chanpen รักไทย=rakthai"),
    ),
    Locale(
        "zh-CN", 7, "China", "CN", _CN,
        _names("伟=wei 芳=fang 娜=na 敏=min 静=jing 磊=lei 洋=yang 婷=ting 子涵=zihan 浩然=haoran 雨桐=yutong"
               " 思远=siyuan"),
        _names("王=wang 李=li 张=zhang 刘=liu 陈=chen 杨=yang 赵=zhao 黄=huang 周=zhou 吴=wu 徐=xu 孙=sun"),
        order="{family}{given}",
    ),
    Locale(
        "zh-TW", 2, "Taiwan", "TW", _TW,
        _names("怡君=yijun 家豪=jiahao 雅婷=yating 志明=zhiming 淑芬=shufen 冠宇=guanyu 詩涵=shihan 承恩=chengen"),
        _names("陳=chen 林=lin 黃=huang 張=chang 吳=wu 劉=liu 蔡=tsai 鄭=cheng 謝=hsieh 許=hsu"),
        order="{family}{given}",
    ),
    Locale(
        "ja-JP", 6, "Japan", "JP", _JP,
        _names("陽菜=hina 蓮=ren さくら=sakura 翔太=shota 美咲=misaki 大輔=daisuke 葵=aoi 健一=kenichi ひかり=hikari"
               " 悠真=yuma エリカ=erika 直樹=naoki"),
        _names("佐藤=sato 鈴木=suzuki 高橋=takahashi 田中=tanaka 渡辺=watanabe 伊藤=ito 山本=yamamoto 中村=nakamura"
               " 小林=kobayashi 加藤=kato 吉田=yoshida 髙﨑=takasaki"),
        order="{family} {given}",
    ),
    Locale(
        "ko-KR", 3, "South Korea", "KR", _KR,
        _names("서연=seoyeon 민준=minjun 지우=jiwoo 도윤=doyun 하은=haeun 현우=hyunwoo 수아=sua 지훈=jihoon 유진=yujin"
               " 태양=taeyang"),
        _names("김=kim 이=lee 박=park 최=choi 정=jung 강=kang 조=cho 윤=yoon 장=jang 임=lim"),
        order="{family}{given}",
    ),
)  # fmt: skip
"""All locales. Any change changes the output of every seed."""
