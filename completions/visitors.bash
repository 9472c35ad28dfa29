# Completion of visitors for bash, printed by: visitors completion bash

# What can stand at the place $1, the words of a command.
_visitors_table() {
    members=() options=() valued=() arguments=()
    case $1 in
    '')
        members=(track create list show stats update identify unidentify block unblock delete restore prune erase export import contacts conversations seed assert fixtures history undo explain sql stores help completion db)
        options=(--db --store --as --format --fields --insecure-http --no-header --no-color --local-time --no-pager -q --quiet -V --version -h --help)
        valued=(--db --store --as --format --fields)
        ;;
    'track')
        options=(--id --lenient -y --yes --language --timezone --fingerprint --browser --browser-version --os --os-version --device --device-type --ip --city --region --country --country-code --latitude --longitude --screen-resolution --viewport --db --store --as --format --fields --insecure-http --no-header --no-color --local-time --no-pager -q --quiet -V --version -h --help)
        valued=(--id --language --timezone --fingerprint --browser --browser-version --os --os-version --device --device-type --ip --city --region --country --country-code --latitude --longitude --screen-resolution --viewport --db --store --as --format --fields)
        ;;
    'create')
        options=(--id --exist-ok -y --yes --language --timezone --fingerprint --browser --browser-version --os --os-version --device --device-type --ip --city --region --country --country-code --latitude --longitude --screen-resolution --viewport --db --store --as --format --fields --insecure-http --no-header --no-color --local-time --no-pager -q --quiet -V --version -h --help)
        valued=(--id --language --timezone --fingerprint --browser --browser-version --os --os-version --device --device-type --ip --city --region --country --country-code --latitude --longitude --screen-resolution --viewport --db --store --as --format --fields)
        ;;
    'list')
        options=(--sort --reverse --limit --after --identified --anonymous --blocked --not-blocked --language --timezone --fingerprint --browser --os --device-type --ip --country-code --contact --email-domain --blocked-since --blocked-until --blocked-by --block-reason --created-since --created-until --updated-since --updated-until --seen-since --seen-until --never-seen --metadata --search --deleted --db --store --as --format --fields --insecure-http --no-header --no-color --local-time --no-pager -q --quiet -V --version -h --help)
        valued=(--sort --limit --after --language --timezone --fingerprint --browser --os --device-type --ip --country-code --contact --email-domain --blocked-since --blocked-until --blocked-by --block-reason --created-since --created-until --updated-since --updated-until --seen-since --seen-until --metadata --search --db --store --as --format --fields)
        ;;
    'show')
        options=(--ignore-missing --db --store --as --format --fields --insecure-http --no-header --no-color --local-time --no-pager -q --quiet -V --version -h --help)
        valued=(--db --store --as --format --fields)
        arguments=('*ids visitors')
        ;;
    'stats')
        options=(--by --per --time --top --svg --identified --anonymous --blocked --not-blocked --language --timezone --fingerprint --browser --os --device-type --ip --country-code --contact --email-domain --blocked-since --blocked-until --blocked-by --block-reason --created-since --created-until --updated-since --updated-until --seen-since --seen-until --never-seen --metadata --search --deleted --db --store --as --format --fields --insecure-http --no-header --no-color --local-time --no-pager -q --quiet -V --version -h --help)
        valued=(--by --per --time --top --svg --language --timezone --fingerprint --browser --os --device-type --ip --country-code --contact --email-domain --blocked-since --blocked-until --blocked-by --block-reason --created-since --created-until --updated-since --updated-until --seen-since --seen-until --metadata --search --db --store --as --format --fields)
        ;;
    'update')
        options=(--clear -y --yes --language --timezone --fingerprint --browser --browser-version --os --os-version --device --device-type --ip --city --region --country --country-code --latitude --longitude --screen-resolution --viewport --ignore-missing --db --store --as --format --fields --insecure-http --no-header --no-color --local-time --no-pager -q --quiet -V --version -h --help)
        valued=(--clear --language --timezone --fingerprint --browser --browser-version --os --os-version --device --device-type --ip --city --region --country --country-code --latitude --longitude --screen-resolution --viewport --db --store --as --format --fields)
        arguments=('*ids visitors')
        ;;
    'identify')
        options=(--clear --unset --replace-metadata --on-conflict --relink --input-format --keep-going --rejects -n --dry-run -y --yes --external-id --name --email --image --metadata --db --store --as --format --fields --insecure-http --no-header --no-color --local-time --no-pager -q --quiet -V --version -h --help)
        valued=(--clear --unset --on-conflict --input-format --rejects --external-id --name --email --image --metadata --db --store --as --format --fields)
        arguments=('ids visitors')
        ;;
    'unidentify')
        options=(--all -y --yes -n --dry-run --identified --anonymous --blocked --not-blocked --language --timezone --fingerprint --browser --os --device-type --ip --country-code --contact --email-domain --blocked-since --blocked-until --blocked-by --block-reason --created-since --created-until --updated-since --updated-until --seen-since --seen-until --never-seen --metadata --search --deleted --ignore-missing --db --store --as --format --fields --insecure-http --no-header --no-color --local-time --no-pager -q --quiet -V --version -h --help)
        valued=(--language --timezone --fingerprint --browser --os --device-type --ip --country-code --contact --email-domain --blocked-since --blocked-until --blocked-by --block-reason --created-since --created-until --updated-since --updated-until --seen-since --seen-until --metadata --search --db --store --as --format --fields)
        arguments=('*ids visitors')
        ;;
    'block')
        options=(--contact --reason --for --until --all -y --yes -n --dry-run --identified --anonymous --blocked --not-blocked --language --timezone --fingerprint --browser --os --device-type --ip --country-code --email-domain --blocked-since --blocked-until --blocked-by --block-reason --created-since --created-until --updated-since --updated-until --seen-since --seen-until --never-seen --metadata --search --deleted --ignore-missing --db --store --as --format --fields --insecure-http --no-header --no-color --local-time --no-pager -q --quiet -V --version -h --help)
        valued=(--contact --reason --for --until --language --timezone --fingerprint --browser --os --device-type --ip --country-code --email-domain --blocked-since --blocked-until --blocked-by --block-reason --created-since --created-until --updated-since --updated-until --seen-since --seen-until --metadata --search --db --store --as --format --fields)
        arguments=('*ids visitors')
        ;;
    'unblock')
        options=(--contact --all -y --yes -n --dry-run --identified --anonymous --blocked --not-blocked --language --timezone --fingerprint --browser --os --device-type --ip --country-code --email-domain --blocked-since --blocked-until --blocked-by --block-reason --created-since --created-until --updated-since --updated-until --seen-since --seen-until --never-seen --metadata --search --deleted --ignore-missing --db --store --as --format --fields --insecure-http --no-header --no-color --local-time --no-pager -q --quiet -V --version -h --help)
        valued=(--contact --language --timezone --fingerprint --browser --os --device-type --ip --country-code --email-domain --blocked-since --blocked-until --blocked-by --block-reason --created-since --created-until --updated-since --updated-until --seen-since --seen-until --metadata --search --db --store --as --format --fields)
        arguments=('*ids visitors')
        ;;
    'delete')
        options=(--all -y --yes -n --dry-run --identified --anonymous --blocked --not-blocked --language --timezone --fingerprint --browser --os --device-type --ip --country-code --contact --email-domain --blocked-since --blocked-until --blocked-by --block-reason --created-since --created-until --updated-since --updated-until --seen-since --seen-until --never-seen --metadata --search --deleted --ignore-missing --db --store --as --format --fields --insecure-http --no-header --no-color --local-time --no-pager -q --quiet -V --version -h --help)
        valued=(--language --timezone --fingerprint --browser --os --device-type --ip --country-code --contact --email-domain --blocked-since --blocked-until --blocked-by --block-reason --created-since --created-until --updated-since --updated-until --seen-since --seen-until --metadata --search --db --store --as --format --fields)
        arguments=('*ids visitors')
        ;;
    'restore')
        options=(-y --yes -n --dry-run --identified --anonymous --blocked --not-blocked --language --timezone --fingerprint --browser --os --device-type --ip --country-code --contact --email-domain --blocked-since --blocked-until --blocked-by --block-reason --created-since --created-until --updated-since --updated-until --seen-since --seen-until --never-seen --metadata --search --deleted --ignore-missing --db --store --as --format --fields --insecure-http --no-header --no-color --local-time --no-pager -q --quiet -V --version -h --help)
        valued=(--language --timezone --fingerprint --browser --os --device-type --ip --country-code --contact --email-domain --blocked-since --blocked-until --blocked-by --block-reason --created-since --created-until --updated-since --updated-until --seen-since --seen-until --metadata --search --db --store --as --format --fields)
        arguments=('*ids deleted-visitors')
        ;;
    'prune')
        options=(--older-than -y --yes -n --dry-run --identified --anonymous --blocked --not-blocked --language --timezone --fingerprint --browser --os --device-type --ip --country-code --contact --email-domain --blocked-since --blocked-until --blocked-by --block-reason --created-since --created-until --updated-since --updated-until --seen-since --seen-until --never-seen --metadata --search --deleted --db --store --as --format --fields --insecure-http --no-header --no-color --local-time --no-pager -q --quiet -V --version -h --help)
        valued=(--older-than --language --timezone --fingerprint --browser --os --device-type --ip --country-code --contact --email-domain --blocked-since --blocked-until --blocked-by --block-reason --created-since --created-until --updated-since --updated-until --seen-since --seen-until --metadata --search --db --store --as --format --fields)
        ;;
    'erase')
        options=(-o --output -y --yes -n --dry-run --vacuum --no-vacuum --ignore-missing --db --store --as --format --fields --insecure-http --no-header --no-color --local-time --no-pager -q --quiet -V --version -h --help)
        valued=(-o --output --db --store --as --format --fields)
        arguments=('*ids visitors')
        ;;
    'export')
        options=(-o --output --spreadsheet-safe --redact --pseudonymize --sort --reverse --limit --after --identified --anonymous --blocked --not-blocked --language --timezone --fingerprint --browser --os --device-type --ip --country-code --contact --email-domain --blocked-since --blocked-until --blocked-by --block-reason --created-since --created-until --updated-since --updated-until --seen-since --seen-until --never-seen --metadata --search --deleted --db --store --as --format --fields --insecure-http --no-header --no-color --local-time --no-pager -q --quiet -V --version -h --help)
        valued=(-o --output --redact --pseudonymize --sort --limit --after --language --timezone --fingerprint --browser --os --device-type --ip --country-code --contact --email-domain --blocked-since --blocked-until --blocked-by --block-reason --created-since --created-until --updated-since --updated-until --seen-since --seen-until --metadata --search --db --store --as --format --fields)
        ;;
    'import')
        options=(--on-existing --on-conflict --relink --no-relink --lenient --new -n --dry-run -y --yes --map --mapping --explain-mapping --input-format --delimiter --encoding --null --ignore-unknown --keep-going --rejects --db --store --as --format --fields --insecure-http --no-header --no-color --local-time --no-pager -q --quiet -V --version -h --help)
        valued=(--on-existing --on-conflict --map --mapping --input-format --delimiter --encoding --null --rejects --db --store --as --format --fields)
        arguments=('files')
        ;;
    'contacts')
        members=(create list show update merge split delete restore import subject-export erase duplicates)
        options=(--db --store --as --format --fields --insecure-http --no-header --no-color --local-time --no-pager -q --quiet -V --version -h --help)
        valued=(--db --store --as --format --fields)
        ;;
    'contacts create')
        options=(--id --exist-ok -y --yes --external-id --name --email --image --metadata --db --store --as --format --fields --insecure-http --no-header --no-color --local-time --no-pager -q --quiet -V --version -h --help)
        valued=(--id --external-id --name --email --image --metadata --db --store --as --format --fields)
        ;;
    'contacts list')
        options=(--sort --reverse --limit --after --search --blocked --not-blocked --email-domain --metadata --created-since --created-until --has-visitors --no-visitors --deleted --db --store --as --format --fields --insecure-http --no-header --no-color --local-time --no-pager -q --quiet -V --version -h --help)
        valued=(--sort --limit --after --search --email-domain --metadata --created-since --created-until --db --store --as --format --fields)
        ;;
    'contacts show')
        options=(--ignore-missing --db --store --as --format --fields --insecure-http --no-header --no-color --local-time --no-pager -q --quiet -V --version -h --help)
        valued=(--db --store --as --format --fields)
        arguments=('*ids contacts')
        ;;
    'contacts update')
        options=(--clear --unset --replace-metadata -y --yes --external-id --name --email --image --metadata --db --store --as --format --fields --insecure-http --no-header --no-color --local-time --no-pager -q --quiet -V --version -h --help)
        valued=(--clear --unset --external-id --name --email --image --metadata --db --store --as --format --fields)
        arguments=('ids contacts')
        ;;
    'contacts merge')
        options=(--force -y --yes -n --dry-run --db --store --as --format --fields --insecure-http --no-header --no-color --local-time --no-pager -q --quiet -V --version -h --help)
        valued=(--db --store --as --format --fields)
        arguments=('ids contacts' '*ids contacts')
        ;;
    'contacts split')
        options=(-n --dry-run -y --yes --external-id --name --email --image --metadata --db --store --as --format --fields --insecure-http --no-header --no-color --local-time --no-pager -q --quiet -V --version -h --help)
        valued=(--external-id --name --email --image --metadata --db --store --as --format --fields)
        arguments=('ids contacts' '*ids visitors')
        ;;
    'contacts delete')
        options=(-n --dry-run -y --yes --ignore-missing --db --store --as --format --fields --insecure-http --no-header --no-color --local-time --no-pager -q --quiet -V --version -h --help)
        valued=(--db --store --as --format --fields)
        arguments=('*ids contacts')
        ;;
    'contacts restore')
        options=(-n --dry-run -y --yes --ignore-missing --db --store --as --format --fields --insecure-http --no-header --no-color --local-time --no-pager -q --quiet -V --version -h --help)
        valued=(--db --store --as --format --fields)
        arguments=('*ids deleted-contacts')
        ;;
    'contacts import')
        options=(--on-existing --on-conflict -n --dry-run -y --yes --map --mapping --explain-mapping --input-format --delimiter --encoding --null --ignore-unknown --keep-going --rejects --db --store --as --format --fields --insecure-http --no-header --no-color --local-time --no-pager -q --quiet -V --version -h --help)
        valued=(--on-existing --on-conflict --map --mapping --input-format --delimiter --encoding --null --rejects --db --store --as --format --fields)
        arguments=('files')
        ;;
    'contacts subject-export')
        options=(-o --output --db --store --as --format --fields --insecure-http --no-header --no-color --local-time --no-pager -q --quiet -V --version -h --help)
        valued=(-o --output --db --store --as --format --fields)
        arguments=('ids contacts')
        ;;
    'contacts erase')
        options=(-o --output -y --yes -n --dry-run --vacuum --no-vacuum --ignore-missing --db --store --as --format --fields --insecure-http --no-header --no-color --local-time --no-pager -q --quiet -V --version -h --help)
        valued=(-o --output --db --store --as --format --fields)
        arguments=('*ids contacts')
        ;;
    'contacts duplicates')
        options=(--db --store --as --format --fields --insecure-http --no-header --no-color --local-time --no-pager -q --quiet -V --version -h --help)
        valued=(--db --store --as --format --fields)
        ;;
    'conversations')
        members=(start list show stats reply resolve reopen spam import)
        options=(--db --store --as --format --fields --insecure-http --no-header --no-color --local-time --no-pager -q --quiet -V --version -h --help)
        valued=(--db --store --as --format --fields)
        ;;
    'conversations start')
        options=(--title --message --priority -y --yes --db --store --as --format --fields --insecure-http --no-header --no-color --local-time --no-pager -q --quiet -V --version -h --help)
        valued=(--title --message --priority --db --store --as --format --fields)
        arguments=('ids visitors')
        ;;
    'conversations list')
        options=(--sort --reverse --limit --after --visitor --contact --status --priority --search --since --until --unanswered --db --store --as --format --fields --insecure-http --no-header --no-color --local-time --no-pager -q --quiet -V --version -h --help)
        valued=(--sort --limit --after --visitor --contact --status --priority --search --since --until --db --store --as --format --fields)
        ;;
    'conversations show')
        options=(--ignore-missing --db --store --as --format --fields --insecure-http --no-header --no-color --local-time --no-pager -q --quiet -V --version -h --help)
        valued=(--db --store --as --format --fields)
        arguments=('*ids conversations')
        ;;
    'conversations stats')
        options=(--by --per --time --top --svg --visitor --contact --status --priority --search --since --until --unanswered --db --store --as --format --fields --insecure-http --no-header --no-color --local-time --no-pager -q --quiet -V --version -h --help)
        valued=(--by --per --time --top --svg --visitor --contact --status --priority --search --since --until --db --store --as --format --fields)
        ;;
    'conversations reply')
        options=(--as-visitor --as-agent -y --yes --db --store --as --format --fields --insecure-http --no-header --no-color --local-time --no-pager -q --quiet -V --version -h --help)
        valued=(--as-visitor --as-agent --db --store --as --format --fields)
        arguments=('ids conversations' 'any')
        ;;
    'conversations resolve')
        options=(-y --yes --ignore-missing --db --store --as --format --fields --insecure-http --no-header --no-color --local-time --no-pager -q --quiet -V --version -h --help)
        valued=(--db --store --as --format --fields)
        arguments=('*ids conversations')
        ;;
    'conversations reopen')
        options=(-y --yes --ignore-missing --db --store --as --format --fields --insecure-http --no-header --no-color --local-time --no-pager -q --quiet -V --version -h --help)
        valued=(--db --store --as --format --fields)
        arguments=('*ids conversations')
        ;;
    'conversations spam')
        options=(-y --yes --ignore-missing --db --store --as --format --fields --insecure-http --no-header --no-color --local-time --no-pager -q --quiet -V --version -h --help)
        valued=(--db --store --as --format --fields)
        arguments=('*ids conversations')
        ;;
    'conversations import')
        options=(-n --dry-run -y --yes --map --mapping --explain-mapping --input-format --delimiter --encoding --null --ignore-unknown --keep-going --rejects --db --store --as --format --fields --insecure-http --no-header --no-color --local-time --no-pager -q --quiet -V --version -h --help)
        valued=(--map --mapping --input-format --delimiter --encoding --null --rejects --db --store --as --format --fields)
        arguments=('files')
        ;;
    'seed')
        options=(--count --seed --now --identified --devices --blocked --conversations --locale -y --yes --db --store --as --format --fields --insecure-http --no-header --no-color --local-time --no-pager -q --quiet -V --version -h --help)
        valued=(--count --seed --now --identified --devices --blocked --conversations --locale --db --store --as --format --fields)
        ;;
    'assert')
        options=(--count --min --max --none --any --identified --anonymous --blocked --not-blocked --language --timezone --fingerprint --browser --os --device-type --ip --country-code --contact --email-domain --blocked-since --blocked-until --blocked-by --block-reason --created-since --created-until --updated-since --updated-until --seen-since --seen-until --never-seen --metadata --search --deleted --db --store --as --format --fields --insecure-http --no-header --no-color --local-time --no-pager -q --quiet -V --version -h --help)
        valued=(--count --min --max --language --timezone --fingerprint --browser --os --device-type --ip --country-code --contact --email-domain --blocked-since --blocked-until --blocked-by --block-reason --created-since --created-until --updated-since --updated-until --seen-since --seen-until --metadata --search --db --store --as --format --fields)
        ;;
    'fixtures')
        members=(apply diff dump check schema)
        options=(--db --store --as --format --fields --insecure-http --no-header --no-color --local-time --no-pager -q --quiet -V --version -h --help)
        valued=(--db --store --as --format --fields)
        ;;
    'fixtures apply')
        options=(--prune -y --yes -n --dry-run --db --store --as --format --fields --insecure-http --no-header --no-color --local-time --no-pager -q --quiet -V --version -h --help)
        valued=(--db --store --as --format --fields)
        arguments=('*files')
        ;;
    'fixtures diff')
        options=(--prune --db --store --as --format --fields --insecure-http --no-header --no-color --local-time --no-pager -q --quiet -V --version -h --help)
        valued=(--db --store --as --format --fields)
        arguments=('*files')
        ;;
    'fixtures dump')
        options=(-o --output --identified --anonymous --blocked --not-blocked --language --timezone --fingerprint --browser --os --device-type --ip --country-code --contact --email-domain --blocked-since --blocked-until --blocked-by --block-reason --created-since --created-until --updated-since --updated-until --seen-since --seen-until --never-seen --metadata --search --deleted --db --store --as --format --fields --insecure-http --no-header --no-color --local-time --no-pager -q --quiet -V --version -h --help)
        valued=(-o --output --language --timezone --fingerprint --browser --os --device-type --ip --country-code --contact --email-domain --blocked-since --blocked-until --blocked-by --block-reason --created-since --created-until --updated-since --updated-until --seen-since --seen-until --metadata --search --db --store --as --format --fields)
        ;;
    'fixtures check')
        options=(--db --store --as --format --fields --insecure-http --no-header --no-color --local-time --no-pager -q --quiet -V --version -h --help)
        valued=(--db --store --as --format --fields)
        arguments=('*files')
        ;;
    'fixtures schema')
        options=(--db --store --as --format --fields --insecure-http --no-header --no-color --local-time --no-pager -q --quiet -V --version -h --help)
        valued=(--db --store --as --format --fields)
        ;;
    'history')
        options=(--operation --by --since --until --command --kind --record --changes --follow --receipt --limit --after --db --store --as --format --fields --insecure-http --no-header --no-color --local-time --no-pager -q --quiet -V --version -h --help)
        valued=(--operation --by --since --until --command --kind --record --limit --after --db --store --as --format --fields)
        arguments=('ids visitors,contacts')
        ;;
    'undo')
        options=(--cascade -n --dry-run -y --yes --db --store --as --format --fields --insecure-http --no-header --no-color --local-time --no-pager -q --quiet -V --version -h --help)
        valued=(--db --store --as --format --fields)
        arguments=('ids operations')
        ;;
    'explain')
        options=(--identify-as --on-conflict --relink --db --store --as --format --fields --insecure-http --no-header --no-color --local-time --no-pager -q --quiet -V --version -h --help)
        valued=(--identify-as --on-conflict --db --store --as --format --fields)
        arguments=('ids visitors')
        ;;
    'sql')
        options=(--param --tables --limit --db --store --as --format --fields --insecure-http --no-header --no-color --local-time --no-pager -q --quiet -V --version -h --help)
        valued=(--param --limit --db --store --as --format --fields)
        arguments=('any')
        ;;
    'stores')
        options=(--db --store --as --format --fields --insecure-http --no-header --no-color --local-time --no-pager -q --quiet -V --version -h --help)
        valued=(--db --store --as --format --fields)
        ;;
    'help')
        options=(--schema --man --db --store --as --format --fields --insecure-http --no-header --no-color --local-time --no-pager -q --quiet -V --version -h --help)
        valued=(--man --db --store --as --format --fields)
        arguments=('*words backups blocks ci commands exit-codes identity importing investigating output performance privacy python scripts settings sql team track create list show stats update identify unidentify block unblock delete restore prune erase export import history undo explain seed assert stores help completion contacts conversations fixtures db')
        ;;
    'completion')
        options=(--install --uninstall --db --store --as --format --fields --insecure-http --no-header --no-color --local-time --no-pager -q --quiet -V --version -h --help)
        valued=(--db --store --as --format --fields)
        arguments=('words bash zsh fish')
        ;;
    'db')
        members=(path info check backup restore compact migrate dump load)
        options=(--db --store --as --format --fields --insecure-http --no-header --no-color --local-time --no-pager -q --quiet -V --version -h --help)
        valued=(--db --store --as --format --fields)
        ;;
    'db path')
        options=(--db --store --as --format --fields --insecure-http --no-header --no-color --local-time --no-pager -q --quiet -V --version -h --help)
        valued=(--db --store --as --format --fields)
        ;;
    'db info')
        options=(--db --store --as --format --fields --insecure-http --no-header --no-color --local-time --no-pager -q --quiet -V --version -h --help)
        valued=(--db --store --as --format --fields)
        ;;
    'db check')
        options=(--quick --receipt --db --store --as --format --fields --insecure-http --no-header --no-color --local-time --no-pager -q --quiet -V --version -h --help)
        valued=(--receipt --db --store --as --format --fields)
        ;;
    'db backup')
        options=(-o --output --force --db --store --as --format --fields --insecure-http --no-header --no-color --local-time --no-pager -q --quiet -V --version -h --help)
        valued=(-o --output --db --store --as --format --fields)
        arguments=('files')
        ;;
    'db restore')
        options=(-y --yes -n --dry-run --db --store --as --format --fields --insecure-http --no-header --no-color --local-time --no-pager -q --quiet -V --version -h --help)
        valued=(--db --store --as --format --fields)
        arguments=('files')
        ;;
    'db compact')
        options=(-y --yes --db --store --as --format --fields --insecure-http --no-header --no-color --local-time --no-pager -q --quiet -V --version -h --help)
        valued=(--db --store --as --format --fields)
        ;;
    'db migrate')
        options=(-y --yes --db --store --as --format --fields --insecure-http --no-header --no-color --local-time --no-pager -q --quiet -V --version -h --help)
        valued=(--db --store --as --format --fields)
        ;;
    'db dump')
        options=(-o --output --db --store --as --format --fields --insecure-http --no-header --no-color --local-time --no-pager -q --quiet -V --version -h --help)
        valued=(-o --output --db --store --as --format --fields)
        ;;
    'db load')
        options=(-y --yes --db --store --as --format --fields --insecure-http --no-header --no-color --local-time --no-pager -q --quiet -V --version -h --help)
        valued=(--db --store --as --format --fields)
        arguments=('files')
        ;;
    esac
}

# What $1, a place and an option, takes.
_visitors_value() {
    case $1 in
    ' --fields') value='several id language timezone isBlocked contact.id contact.externalId contact.name contact.email contact.image contact.metadata contact.metadataHash contact.isBlocked contact.createdAt contact.updatedAt contact.deletedAt fingerprint browser browserVersion os osVersion device deviceType ip city region country countryCode latitude longitude screenResolution viewport attribution currentPage blockedAt blockedBy blockReason blockExpiresAt createdAt updatedAt lastSeenAt deletedAt' ;;
    'track --fields') value='several resolvedBy id language timezone isBlocked contact.id contact.externalId contact.name contact.email contact.image contact.metadata contact.metadataHash contact.isBlocked contact.createdAt contact.updatedAt contact.deletedAt fingerprint browser browserVersion os osVersion device deviceType ip city region country countryCode latitude longitude screenResolution viewport attribution currentPage blockedAt blockedBy blockReason blockExpiresAt createdAt updatedAt lastSeenAt deletedAt' ;;
    'create --fields') value='several id language timezone isBlocked contact.id contact.externalId contact.name contact.email contact.image contact.metadata contact.metadataHash contact.isBlocked contact.createdAt contact.updatedAt contact.deletedAt fingerprint browser browserVersion os osVersion device deviceType ip city region country countryCode latitude longitude screenResolution viewport attribution currentPage blockedAt blockedBy blockReason blockExpiresAt createdAt updatedAt lastSeenAt deletedAt' ;;
    'list --fields') value='several id language timezone isBlocked contact.id contact.externalId contact.name contact.email contact.image contact.metadata contact.metadataHash contact.isBlocked contact.createdAt contact.updatedAt contact.deletedAt fingerprint browser browserVersion os osVersion device deviceType ip city region country countryCode latitude longitude screenResolution viewport attribution currentPage blockedAt blockedBy blockReason blockExpiresAt createdAt updatedAt lastSeenAt deletedAt' ;;
    'show --fields') value='several id language timezone isBlocked contact.id contact.externalId contact.name contact.email contact.image contact.metadata contact.metadataHash contact.isBlocked contact.createdAt contact.updatedAt contact.deletedAt fingerprint browser browserVersion os osVersion device deviceType ip city region country countryCode latitude longitude screenResolution viewport attribution currentPage blockedAt blockedBy blockReason blockExpiresAt createdAt updatedAt lastSeenAt deletedAt devices blocks conversations links changes' ;;
    'stats --fields') value='several value count share value2 previous change name' ;;
    'update --fields') value='several outcome id language timezone isBlocked contact.id contact.externalId contact.name contact.email contact.image contact.metadata contact.metadataHash contact.isBlocked contact.createdAt contact.updatedAt contact.deletedAt fingerprint browser browserVersion os osVersion device deviceType ip city region country countryCode latitude longitude screenResolution viewport attribution currentPage blockedAt blockedBy blockReason blockExpiresAt createdAt updatedAt lastSeenAt deletedAt' ;;
    'identify --clear') value='words name email image metadata' ;;
    'identify --input-format') value='words csv tsv json ndjson' ;;
    'identify --fields') value='several outcome rule id language timezone isBlocked contact.id contact.externalId contact.name contact.email contact.image contact.metadata contact.metadataHash contact.isBlocked contact.createdAt contact.updatedAt contact.deletedAt fingerprint browser browserVersion os osVersion device deviceType ip city region country countryCode latitude longitude screenResolution viewport attribution currentPage blockedAt blockedBy blockReason blockExpiresAt createdAt updatedAt lastSeenAt deletedAt' ;;
    'unidentify --fields') value='several outcome id language timezone isBlocked contact.id contact.externalId contact.name contact.email contact.image contact.metadata contact.metadataHash contact.isBlocked contact.createdAt contact.updatedAt contact.deletedAt fingerprint browser browserVersion os osVersion device deviceType ip city region country countryCode latitude longitude screenResolution viewport attribution currentPage blockedAt blockedBy blockReason blockExpiresAt createdAt updatedAt lastSeenAt deletedAt' ;;
    'block --fields') value='several outcome id language timezone isBlocked contact.id contact.externalId contact.name contact.email contact.image contact.metadata contact.metadataHash contact.isBlocked contact.createdAt contact.updatedAt contact.deletedAt fingerprint browser browserVersion os osVersion device deviceType ip city region country countryCode latitude longitude screenResolution viewport attribution currentPage blockedAt blockedBy blockReason blockExpiresAt createdAt updatedAt lastSeenAt deletedAt externalId name email image metadata metadataHash visitorId contact reason until' ;;
    'unblock --fields') value='several outcome id language timezone isBlocked contact.id contact.externalId contact.name contact.email contact.image contact.metadata contact.metadataHash contact.isBlocked contact.createdAt contact.updatedAt contact.deletedAt fingerprint browser browserVersion os osVersion device deviceType ip city region country countryCode latitude longitude screenResolution viewport attribution currentPage blockedAt blockedBy blockReason blockExpiresAt createdAt updatedAt lastSeenAt deletedAt externalId name email image metadata metadataHash visitorId contact reason until' ;;
    'delete --fields') value='several outcome id language timezone isBlocked contact.id contact.externalId contact.name contact.email contact.image contact.metadata contact.metadataHash contact.isBlocked contact.createdAt contact.updatedAt contact.deletedAt fingerprint browser browserVersion os osVersion device deviceType ip city region country countryCode latitude longitude screenResolution viewport attribution currentPage blockedAt blockedBy blockReason blockExpiresAt createdAt updatedAt lastSeenAt deletedAt' ;;
    'restore --fields') value='several outcome id language timezone isBlocked contact.id contact.externalId contact.name contact.email contact.image contact.metadata contact.metadataHash contact.isBlocked contact.createdAt contact.updatedAt contact.deletedAt fingerprint browser browserVersion os osVersion device deviceType ip city region country countryCode latitude longitude screenResolution viewport attribution currentPage blockedAt blockedBy blockReason blockExpiresAt createdAt updatedAt lastSeenAt deletedAt' ;;
    'prune --fields') value='several outcome id language timezone isBlocked contact.id contact.externalId contact.name contact.email contact.image contact.metadata contact.metadataHash contact.isBlocked contact.createdAt contact.updatedAt contact.deletedAt fingerprint browser browserVersion os osVersion device deviceType ip city region country countryCode latitude longitude screenResolution viewport attribution currentPage blockedAt blockedBy blockReason blockExpiresAt createdAt updatedAt lastSeenAt deletedAt' ;;
    'erase --fields') value='several type version operationId at by command counts.contacts counts.visitors counts.conversations counts.messages counts.blocks counts.changes counts.operations subjects signature mayRemainIn outcome' ;;
    'export --fields') value='several id language timezone isBlocked contact.id contact.externalId contact.name contact.email contact.image contact.metadata contact.metadataHash contact.isBlocked contact.createdAt contact.updatedAt contact.deletedAt fingerprint browser browserVersion os osVersion device deviceType ip city region country countryCode latitude longitude screenResolution viewport attribution currentPage blockedAt blockedBy blockReason blockExpiresAt createdAt updatedAt lastSeenAt deletedAt' ;;
    'import --fields') value='several id language timezone isBlocked contact.id contact.externalId contact.name contact.email contact.image contact.metadata contact.metadataHash contact.isBlocked contact.createdAt contact.updatedAt contact.deletedAt fingerprint browser browserVersion os osVersion device deviceType ip city region country countryCode latitude longitude screenResolution viewport attribution currentPage blockedAt blockedBy blockReason blockExpiresAt createdAt updatedAt lastSeenAt deletedAt row column value outcome field result' ;;
    'contacts --fields') value='several id externalId name email image metadata metadataHash isBlocked createdAt updatedAt deletedAt visitorCount lastSeenAt' ;;
    'contacts create --fields') value='several id externalId name email image metadata metadataHash isBlocked createdAt updatedAt deletedAt' ;;
    'contacts list --sort') value='words id externalId name email createdAt updatedAt visitorCount lastSeenAt' ;;
    'contacts list --fields') value='several id externalId name email image metadata metadataHash isBlocked createdAt updatedAt deletedAt visitorCount lastSeenAt' ;;
    'contacts show --fields') value='several id externalId name email image metadata metadataHash isBlocked createdAt updatedAt deletedAt visitorCount lastSeenAt devices blocks conversations merged changes' ;;
    'contacts update --clear') value='words externalId name email image metadata' ;;
    'contacts update --fields') value='several outcome id externalId name email image metadata metadataHash isBlocked createdAt updatedAt deletedAt' ;;
    'contacts merge --fields') value='several id externalId name email image metadata metadataHash isBlocked createdAt updatedAt deletedAt steps outcome action reason what otherId survivorValue otherValue count' ;;
    'contacts split --fields') value='several outcome id externalId name email image metadata metadataHash isBlocked createdAt updatedAt deletedAt' ;;
    'contacts delete --fields') value='several outcome id externalId name email image metadata metadataHash isBlocked createdAt updatedAt deletedAt' ;;
    'contacts restore --fields') value='several outcome id externalId name email image metadata metadataHash isBlocked createdAt updatedAt deletedAt' ;;
    'contacts import --mapping') value='either chatwoot cossistant intercom posthog zendesk auto none' ;;
    'contacts import --fields') value='several id externalId name email image metadata metadataHash isBlocked createdAt updatedAt deletedAt row column value outcome field result' ;;
    'contacts erase --fields') value='several type version operationId at by command counts.contacts counts.visitors counts.conversations counts.messages counts.blocks counts.changes counts.operations subjects signature mayRemainIn outcome' ;;
    'contacts duplicates --fields') value='several email reason contactIds command' ;;
    'conversations --fields') value='several id title status priority visitorId contactId messageCount createdAt updatedAt resolvedAt' ;;
    'conversations start --fields') value='several id title status priority visitorId contactId messageCount createdAt updatedAt resolvedAt' ;;
    'conversations list --sort') value='words id status createdAt updatedAt' ;;
    'conversations list --fields') value='several id title status priority visitorId contactId messageCount createdAt updatedAt resolvedAt' ;;
    'conversations show --fields') value='several id title status priority visitorId contactId messageCount createdAt updatedAt resolvedAt messages' ;;
    'conversations stats --by') value='words status priority' ;;
    'conversations stats --time') value='words createdAt updatedAt resolvedAt' ;;
    'conversations stats --fields') value='several value count share value2 previous change name seconds' ;;
    'conversations reply --fields') value='several id title status priority visitorId contactId messageCount createdAt updatedAt resolvedAt' ;;
    'conversations resolve --fields') value='several outcome id title status priority visitorId contactId messageCount createdAt updatedAt resolvedAt' ;;
    'conversations reopen --fields') value='several outcome id title status priority visitorId contactId messageCount createdAt updatedAt resolvedAt' ;;
    'conversations spam --fields') value='several outcome id title status priority visitorId contactId messageCount createdAt updatedAt resolvedAt' ;;
    'conversations import --mapping') value='either chatwoot cossistant intercom zendesk auto none' ;;
    'conversations import --fields') value='several id title status priority visitorId contactId messageCount createdAt updatedAt resolvedAt row column value outcome field result' ;;
    'seed --fields') value='several id language timezone isBlocked contact.id contact.externalId contact.name contact.email contact.image contact.metadata contact.metadataHash contact.isBlocked contact.createdAt contact.updatedAt contact.deletedAt fingerprint browser browserVersion os osVersion device deviceType ip city region country countryCode latitude longitude screenResolution viewport attribution currentPage blockedAt blockedBy blockReason blockExpiresAt createdAt updatedAt lastSeenAt deletedAt' ;;
    'fixtures apply --fields') value='several outcome kind id name' ;;
    'fixtures diff --fields') value='several action kind id name before after' ;;
    'fixtures check --fields') value='several file line column code reason hint' ;;
    'history --by') value='any' ;;
    'history --fields') value='several id at actor command arguments changeCount undoneBy targets targetCount reason expiresAt operationId kind recordId action before after field type version by counts.contacts counts.visitors counts.conversations counts.messages counts.blocks counts.changes counts.operations subjects signature mayRemainIn' ;;
    'undo --fields') value='several outcome id at actor command undoneBy removed changed restored' ;;
    'explain --fields') value='several at actor command operationId code sentence' ;;
    'stores --fields') value='several name db confirm isCurrent' ;;
    'completion --fields') value='several outcome shell path' ;;
    'db path --fields') value='several path' ;;
    'db info --fields') value='several store path bytes schemaVersion newestSchemaVersion journalMode sqliteVersion visitors identified blocked contacts conversations operations' ;;
    'db check --fields') value='several check result detail help' ;;
    'db backup --fields') value='several path bytes schemaVersion visitors contacts conversations operations' ;;
    'db restore --fields') value='several outcome path from kept schemaVersion visitors contacts conversations operations' ;;
    'db compact --fields') value='several path bytesBefore bytesAfter' ;;
    *' --db') value='files' ;;
    *' --store') value='ids stores' ;;
    *' --format') value='words table json ndjson csv tsv ids count' ;;
    *' --device-type') value='words desktop mobile tablet unknown' ;;
    *' --sort') value='words id language timezone browser os deviceType countryCode createdAt updatedAt lastSeenAt' ;;
    *' --contact') value='ids contacts' ;;
    *' --by') value='words language timezone isBlocked contact.id contact.email fingerprint browser browserVersion os osVersion device deviceType ip city region country countryCode screenResolution viewport blockedBy blockReason' ;;
    *' --per') value='words day week month' ;;
    *' --time') value='words createdAt lastSeenAt blockedAt' ;;
    *' --svg') value='files' ;;
    *' --clear') value='words language timezone fingerprint browser browserVersion os osVersion device deviceType ip city region country countryCode latitude longitude screenResolution viewport attribution currentPage' ;;
    *' --on-conflict') value='words error external-id-wins merge' ;;
    *' --input-format') value='words csv tsv json ndjson xlsx parquet' ;;
    *' --rejects') value='files' ;;
    *' -o') value='files' ;;
    *' --output') value='files' ;;
    *' --redact') value='several id language timezone isBlocked contact.id contact.externalId contact.name contact.email contact.image contact.metadata contact.metadataHash contact.isBlocked contact.createdAt contact.updatedAt contact.deletedAt fingerprint browser browserVersion os osVersion device deviceType ip city region country countryCode latitude longitude screenResolution viewport attribution currentPage blockedAt blockedBy blockReason blockExpiresAt createdAt updatedAt lastSeenAt deletedAt' ;;
    *' --pseudonymize') value='files' ;;
    *' --on-existing') value='words error skip update' ;;
    *' --mapping') value='either cossistant posthog segment snowplow auto none' ;;
    *' --priority') value='words low normal high urgent' ;;
    *' --visitor') value='ids visitors' ;;
    *' --status') value='words open resolved spam' ;;
    *' --as-visitor') value='ids visitors' ;;
    *' --operation') value='ids operations' ;;
    *' --kind') value='words contact visitor block conversation message' ;;
    *' --receipt') value='files' ;;
    esac
}

_visitors() {
    local IFS=$' \t\n'
    local place='' value='any' option='' chosen='' store='' ended='' word cur piece head=''
    local -i position=0 i
    local -a words candidates members options valued arguments
    COMPREPLY=()
    candidates=()
    _visitors_words
    _visitors_table ''
    for ((i = 1; i < ${#words[@]} - 1; i++)); do
        _visitors_pass "${words[i]}"
    done
    if ((${#words[@]} > 1)) && [[ ${words[${#words[@]} - 2]} == *[\<\>] ]]; then
        value='files'
    elif [[ -n $option ]]; then
        _visitors_value "$place $option"
    elif [[ -z $ended && $cur == --*=* ]]; then
        option=${cur%%=*}
        head="$option="
        if _visitors_among "$option" ${valued[@]+"${valued[@]}"}; then
            _visitors_value "$place $option"
        fi
    elif [[ -z $ended && $cur == -* ]]; then
        value="words ${options[*]-}"
    elif ((${#members[@]})); then
        value="words ${members[*]}"
    else
        _visitors_argument
    fi
    _visitors_offer
    return 0
}

# Go past one word that is complete: note what it says about the place and the store.
_visitors_pass() {
    if [[ -n $option ]]; then
        if [[ $option == --db || $option == --store ]]; then chosen=$option store=$1; fi
        option=''
    elif [[ -z $ended && $1 == -- ]]; then
        ended=yes
    elif [[ -z $ended && ($1 == --db=* || $1 == --store=*) ]]; then
        chosen=${1%%=*} store=${1#*=}
    elif [[ -z $ended && $1 == -?* ]]; then
        if _visitors_among "$1" ${valued[@]+"${valued[@]}"}; then option=$1; fi
    elif ((${#members[@]})); then
        place="${place:+$place }$1"
        _visitors_table "$place"
    else
        position+=1
    fi
}

# Set words to the line's words up to the cursor, with what bash took apart at = and : put together
# again; cur is the last of them, and piece the part of it that bash is going to replace.
_visitors_words() {
    local line=${COMP_LINE-} part before=''
    local -i i last
    line=${line:0:${COMP_POINT-0}}
    words=()
    piece=''
    for ((i = 0; i <= COMP_CWORD; i++)); do
        part=${COMP_WORDS[i]-}
        if ((i > 0)) && [[ -n $line && $line != [[:blank:]]* && ($part == [=:]* || $before == *[=:]) ]]; then
            last=$((${#words[@]} - 1))
        else
            last=${#words[@]}
            words[last]=''
        fi
        line=${line#"${line%%[![:blank:]]*}"}
        if ((i == COMP_CWORD)) && [[ -n $line && $part == "$line"* ]]; then part=$line; fi
        words[last]+=$part
        line=${line#"$part"}
        before=$part
    done
    cur=${words[${#words[@]} - 1]}
    case $before in
    = | : | ::) piece='' ;;
    [\"\']*) # bash replaces what is behind the open quote
        piece=${before:1}
        cur=${cur%"$before"}$piece
        ;;
    *) piece=$before ;;
    esac
}

# Set value to what the argument at this position takes.
_visitors_argument() {
    local -i count=${#arguments[@]}
    if ((position < count)); then
        value=${arguments[position]}
    elif ((count)) && [[ ${arguments[count - 1]} == '*'* ]]; then
        value=${arguments[count - 1]}
    fi
    value=${value#'*'}
}

# Offer what value stands for: its first word says how to find it.
_visitors_offer() {
    local candidate
    local -i cut=$((${#cur} - ${#piece}))
    local typed=${cur#"$head"}
    case $value in
    files) compopt -o default 2>/dev/null ;;
    words\ *) read -r -a candidates <<<"${value#words }" ;;
    several\ *) _visitors_others "${value#several }" ;;
    either\ *)
        read -r -a candidates <<<"${value#either }"
        compopt -o default 2>/dev/null # files, where none of these fits
        ;;
    ids\ *) _visitors_ids "${value#ids }" "$typed" ;;
    esac
    for candidate in ${candidates[@]+"${candidates[@]}"}; do
        if [[ $candidate == "$typed"* ]]; then
            candidate=$head$candidate
            COMPREPLY+=("${candidate:cut}")
        fi
    done
}

# Set candidates to the words of $1 that do not stand before the last comma of what was typed.
_visitors_others() {
    local before='' word
    local -a all
    if [[ $typed == *,* ]]; then before="${typed%,*},"; fi
    head+=$before
    typed=${typed#"$before"}
    read -r -a all <<<"$1"
    for word in "${all[@]}"; do
        if [[ ,$before != *",$word,"* ]]; then candidates+=("$word"); fi
    done
    compopt -o nospace 2>/dev/null # another comma may follow
}

# Set candidates to the ids of kind $1 that begin with $2; a line that is no id is left out.
_visitors_ids() {
    local id
    case $store in
    \'*\' | \"*\") store=${store:1:${#store}-2} ;;
    *) store=${store//\\/} ;;
    esac
    while IFS='' read -r id; do
        case $id in
        '' | *[!A-Za-z0-9._:-]*) ;;
        *) candidates+=("$id") ;;
        esac
    done <<<"$(command visitors __complete ${store:+"$chosen" "$store"} "$1" "$2" 2>/dev/null)"
}

# Whether $1 is among the others.
_visitors_among() {
    local sought=$1 other
    shift
    for other in "$@"; do
        if [[ $other == "$sought" ]]; then return 0; fi
    done
    return 1
}

complete -F _visitors visitors
