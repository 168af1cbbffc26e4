//! The names of months and weekdays that stand in dates, whole or by their usual abbreviations, in the languages shops write.

/// By month. No name stands for two: `listopad` is October in one language and November in another, so it is none.
#[rustfmt::skip]
const NAMES: [&str; 12] = [
    "jan january januar jänner jän janvier janv enero ene janeiro gennaio gen januari stycznia styczeń tammikuu tammikuuta",
    "feb february februar feber février fevrier févr fevr fév febrero fevereiro fev febbraio februari lutego luty helmikuu helmikuuta",
    "mar march märz mär mrz maerz mars marzo março marco maart mrt marca marzec maaliskuu maaliskuuta",
    "apr april avril avr abril abr aprile kwietnia kwiecień huhtikuu huhtikuuta",
    "may mai mayo maio maggio mag mei maj maja toukokuu toukokuuta",
    "jun june juni juin junio junho giugno giu czerwca czerwiec kesäkuu kesäkuuta",
    "jul july juli juillet juil julio julho luglio lug lipca lipiec heinäkuu heinäkuuta",
    "aug august août aout agosto ago augustus augusti sierpnia sierpień elokuu elokuuta",
    "sep sept september septembre septiembre setiembre setembro set settembre września wrzesień syyskuu syyskuuta",
    "oct october oktober okt octobre octubre outubro out ottobre ott października październik lokakuu lokakuuta",
    "nov november novembre noviembre novembro marraskuu marraskuuta",
    "dec december dezember dez décembre decembre déc diciembre dic dezembro dicembre desember des grudnia grudzień joulukuu joulukuuta",
];

/// The number of the month that a word names; `None` for any other word.
pub fn month(word: &str) -> Option<u32> {
    let word = word.to_lowercase();
    (1..).zip(NAMES).find(|(_, names)| names.split(' ').any(|name| name == word)).map(|(number, _)| number)
}

/// Weekdays, which say nothing that the date does not. French and Italian `mar` is March as well, and none of them.
#[rustfmt::skip]
const WEEKDAYS: [&str; 7] = [
    "mon monday mo montag lun lundi lunes lunedì ma maandag",
    "tue tues tuesday di dienstag mardi martes martedì dinsdag",
    "wed wednesday mi mittwoch mer mercredi miércoles miercoles mié mercoledì wo woensdag",
    "thu thur thurs thursday do donnerstag jeu jeudi jueves jue giovedì gio donderdag",
    "fri friday fr freitag ven vendredi viernes vie venerdì vr vrijdag",
    "sat saturday sa samstag sonnabend sam samedi sábado sabado sáb sabato sab za zaterdag",
    "sun sunday so sonntag dim dimanche domingo domenica dom zo zondag",
];

/// The date without the weekday before it.
pub fn without_weekday(text: &str) -> &str {
    let run = text.find(|c: char| !c.is_alphabetic()).unwrap_or(text.len());
    let (word, rest) = text.split_at_checked(run).unwrap_or((text, ""));
    let word = word.to_lowercase();
    let is_one = !word.is_empty() && WEEKDAYS.iter().any(|names| names.split(' ').any(|name| name == word));
    if is_one { rest.trim_start_matches(['.', ',', ' ', '\u{a0}']) } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_name_is_of_one_month() {
        let all: Vec<&str> = NAMES.iter().flat_map(|names| names.split(' ')).collect();
        assert_eq!(all.iter().collect::<BTreeSet<_>>().len(), all.len());
        assert!(WEEKDAYS.iter().flat_map(|names| names.split(' ')).all(|name| month(name).is_none()));
        assert!(all.iter().all(|name| name.to_lowercase() == *name));
    }

    #[test]
    fn months_are_known_by_whole_names_and_never_by_their_beginning() {
        for (word, wanted) in
            [("Marraskuuta", 11), ("MÄRZ", 3), ("mars", 3), ("Sept", 9), ("déc", 12), ("maja", 5)]
        {
            assert_eq!(month(word), Some(wanted), "{word}");
        }
        for word in ["", "ja", "marra", "marching", "mayor", "listopad", "augustine", "decimal"] {
            assert_eq!(month(word), None, "{word}");
        }
    }
}
