package golden

// What comes of each request: for SQL the number of rows it returns or the
// SQLSTATE, for HTTP the status and the same. The probe looks at the table too:
// that exactly the row meant has changed in exactly the column meant, or none has.

// todosCells: a user has the own rows, and may name no owner at all. Of an insert,
// own is one that leaves the owner to the default, other and unowned name theirs;
// an upsert names the whole row. Whoever has no identity owns the row whose owner
// is empty, and does not get it.
const todosCells = `
select       | sql                      | postgrest                     | gateway
user A       | 1     0     0            | 200/1     200/0     200/0     | 200/1     200/0     200/0
user B       | 1     0     0            | 200/1     200/0     200/0     | 200/1     200/0     200/0
anon key     | 42501                    | 401/42501                     | 401/42501
anon token   | 42501                    | 401/42501                     | 401/42501
nobody       | AUTH_INVALID_CREDENTIALS | 401/42501                     | 401/AUTH_INVALID_CREDENTIALS
no sub       | 0                        | 200/0                         | 401/AUTH_UNAUTHORIZED
empty sub    | 0                        | 200/0                         | 401/AUTH_UNAUTHORIZED
foreign role | AUTH_UNAUTHORIZED        | 400/22023                     | 403/AUTH_UNAUTHORIZED
admin token  | 1                        | 200/1                         | 200/1
API key      | 1                        | 200/1                         | 200/1
expired      | AUTH_UNAUTHORIZED        | 401/PGRST301                  | 401/AUTH_UNAUTHORIZED

insert       | sql                      | postgrest                     | gateway
user A       | 1     42501 42501        | 201/1     403/42501 403/42501 | 201/1     403/42501 403/42501
user B       | 1     42501 42501        | 201/1     403/42501 403/42501 | 201/1     403/42501 403/42501
anon key     | 42501                    | 401/42501                     | 401/42501
anon token   | 42501                    | 401/42501                     | 401/42501
nobody       | AUTH_INVALID_CREDENTIALS | 401/42501                     | 401/AUTH_INVALID_CREDENTIALS
no sub       | 42501                    | 403/42501                     | 401/AUTH_UNAUTHORIZED
empty sub    | 42501                    | 403/42501                     | 401/AUTH_UNAUTHORIZED
foreign role | AUTH_UNAUTHORIZED        | 400/22023                     | 403/AUTH_UNAUTHORIZED
admin token  | 23502 1     1            | 400/23502 201/1     201/1     | 400/23502 201/1     201/1
API key      | 23502 1     1            | 400/23502 201/1     201/1     | 400/23502 201/1     201/1
expired      | AUTH_UNAUTHORIZED        | 401/PGRST301                  | 401/AUTH_UNAUTHORIZED

update       | sql                      | postgrest                     | gateway
user A       | 1     0     0            | 200/1     200/0     200/0     | 200/1     200/0     200/0
user B       | 1     0     0            | 200/1     200/0     200/0     | 200/1     200/0     200/0
anon key     | 42501                    | 401/42501                     | 401/42501
anon token   | 42501                    | 401/42501                     | 401/42501
nobody       | AUTH_INVALID_CREDENTIALS | 401/42501                     | 401/AUTH_INVALID_CREDENTIALS
no sub       | 0                        | 200/0                         | 401/AUTH_UNAUTHORIZED
empty sub    | 0                        | 200/0                         | 401/AUTH_UNAUTHORIZED
foreign role | AUTH_UNAUTHORIZED        | 400/22023                     | 403/AUTH_UNAUTHORIZED
admin token  | 1                        | 200/1                         | 200/1
API key      | 1                        | 200/1                         | 200/1
expired      | AUTH_UNAUTHORIZED        | 401/PGRST301                  | 401/AUTH_UNAUTHORIZED

delete       | sql                      | postgrest                     | gateway
user A       | 1     0     0            | 200/1     200/0     200/0     | 200/1     200/0     200/0
user B       | 1     0     0            | 200/1     200/0     200/0     | 200/1     200/0     200/0
anon key     | 42501                    | 401/42501                     | 401/42501
anon token   | 42501                    | 401/42501                     | 401/42501
nobody       | AUTH_INVALID_CREDENTIALS | 401/42501                     | 401/AUTH_INVALID_CREDENTIALS
no sub       | 0                        | 200/0                         | 401/AUTH_UNAUTHORIZED
empty sub    | 0                        | 200/0                         | 401/AUTH_UNAUTHORIZED
foreign role | AUTH_UNAUTHORIZED        | 400/22023                     | 403/AUTH_UNAUTHORIZED
admin token  | 1                        | 200/1                         | 200/1
API key      | 1                        | 200/1                         | 200/1
expired      | AUTH_UNAUTHORIZED        | 401/PGRST301                  | 401/AUTH_UNAUTHORIZED

upsert       | sql                      | postgrest                     | gateway
user A       | 42501                    | 403/42501                     | 403/42501
user B       | 42501                    | 403/42501                     | 403/42501
anon key     | 42501                    | 401/42501                     | 401/42501
anon token   | 42501                    | 401/42501                     | 401/42501
nobody       | AUTH_INVALID_CREDENTIALS | 401/42501                     | 401/AUTH_INVALID_CREDENTIALS
no sub       | 42501                    | 403/42501                     | 401/AUTH_UNAUTHORIZED
empty sub    | 42501                    | 403/42501                     | 401/AUTH_UNAUTHORIZED
foreign role | AUTH_UNAUTHORIZED        | 400/22023                     | 403/AUTH_UNAUTHORIZED
admin token  | 1                        | 200/1                         | 200/1
API key      | 1                        | 200/1                         | 200/1
expired      | AUTH_UNAUTHORIZED        | 401/PGRST301                  | 401/AUTH_UNAUTHORIZED
`

// paymentsCells: the ledger is the server's alone.
const paymentsCells = `
select       | sql                      | postgrest    | gateway
user A       | 42501                    | 403/42501    | 403/42501
user B       | 42501                    | 403/42501    | 403/42501
anon key     | 42501                    | 401/42501    | 401/42501
anon token   | 42501                    | 401/42501    | 401/42501
nobody       | AUTH_INVALID_CREDENTIALS | 401/42501    | 401/AUTH_INVALID_CREDENTIALS
no sub       | 42501                    | 403/42501    | 401/AUTH_UNAUTHORIZED
empty sub    | 42501                    | 403/42501    | 401/AUTH_UNAUTHORIZED
foreign role | AUTH_UNAUTHORIZED        | 400/22023    | 403/AUTH_UNAUTHORIZED
admin token  | 1                        | 200/1        | 200/1
API key      | 1                        | 200/1        | 200/1
expired      | AUTH_UNAUTHORIZED        | 401/PGRST301 | 401/AUTH_UNAUTHORIZED

insert       | sql                      | postgrest    | gateway
user A       | 42501                    | 403/42501    | 403/42501
user B       | 42501                    | 403/42501    | 403/42501
anon key     | 42501                    | 401/42501    | 401/42501
anon token   | 42501                    | 401/42501    | 401/42501
nobody       | AUTH_INVALID_CREDENTIALS | 401/42501    | 401/AUTH_INVALID_CREDENTIALS
no sub       | 42501                    | 403/42501    | 401/AUTH_UNAUTHORIZED
empty sub    | 42501                    | 403/42501    | 401/AUTH_UNAUTHORIZED
foreign role | AUTH_UNAUTHORIZED        | 400/22023    | 403/AUTH_UNAUTHORIZED
admin token  | 1                        | 201/1        | 201/1
API key      | 1                        | 201/1        | 201/1
expired      | AUTH_UNAUTHORIZED        | 401/PGRST301 | 401/AUTH_UNAUTHORIZED

update       | sql                      | postgrest    | gateway
user A       | 42501                    | 403/42501    | 403/42501
user B       | 42501                    | 403/42501    | 403/42501
anon key     | 42501                    | 401/42501    | 401/42501
anon token   | 42501                    | 401/42501    | 401/42501
nobody       | AUTH_INVALID_CREDENTIALS | 401/42501    | 401/AUTH_INVALID_CREDENTIALS
no sub       | 42501                    | 403/42501    | 401/AUTH_UNAUTHORIZED
empty sub    | 42501                    | 403/42501    | 401/AUTH_UNAUTHORIZED
foreign role | AUTH_UNAUTHORIZED        | 400/22023    | 403/AUTH_UNAUTHORIZED
admin token  | 1                        | 200/1        | 200/1
API key      | 1                        | 200/1        | 200/1
expired      | AUTH_UNAUTHORIZED        | 401/PGRST301 | 401/AUTH_UNAUTHORIZED

delete       | sql                      | postgrest    | gateway
user A       | 42501                    | 403/42501    | 403/42501
user B       | 42501                    | 403/42501    | 403/42501
anon key     | 42501                    | 401/42501    | 401/42501
anon token   | 42501                    | 401/42501    | 401/42501
nobody       | AUTH_INVALID_CREDENTIALS | 401/42501    | 401/AUTH_INVALID_CREDENTIALS
no sub       | 42501                    | 403/42501    | 401/AUTH_UNAUTHORIZED
empty sub    | 42501                    | 403/42501    | 401/AUTH_UNAUTHORIZED
foreign role | AUTH_UNAUTHORIZED        | 400/22023    | 403/AUTH_UNAUTHORIZED
admin token  | 1                        | 200/1        | 200/1
API key      | 1                        | 200/1        | 200/1
expired      | AUTH_UNAUTHORIZED        | 401/PGRST301 | 401/AUTH_UNAUTHORIZED

upsert       | sql                      | postgrest    | gateway
user A       | 42501                    | 403/42501    | 403/42501
user B       | 42501                    | 403/42501    | 403/42501
anon key     | 42501                    | 401/42501    | 401/42501
anon token   | 42501                    | 401/42501    | 401/42501
nobody       | AUTH_INVALID_CREDENTIALS | 401/42501    | 401/AUTH_INVALID_CREDENTIALS
no sub       | 42501                    | 403/42501    | 401/AUTH_UNAUTHORIZED
empty sub    | 42501                    | 403/42501    | 401/AUTH_UNAUTHORIZED
foreign role | AUTH_UNAUTHORIZED        | 400/22023    | 403/AUTH_UNAUTHORIZED
admin token  | 1                        | 200/1        | 200/1
API key      | 1                        | 200/1        | 200/1
expired      | AUTH_UNAUTHORIZED        | 401/PGRST301 | 401/AUTH_UNAUTHORIZED
`

// rpcCells: what triggers call is no API, for nobody; the ledger's functions are
// the server's.
const rpcCells = `
claim_payment        | sql                      | postgrest                   | gateway
user A               | 42501                    | 403/42501                   | 403/42501
user B               | 42501                    | 403/42501                   | 403/42501
anon key             | 42501                    | 401/42501                   | 401/42501
anon token           | 42501                    | 401/42501                   | 401/42501
nobody               | AUTH_INVALID_CREDENTIALS | 401/42501                   | 401/AUTH_INVALID_CREDENTIALS
no sub               | 42501                    | 403/42501                   | 401/AUTH_UNAUTHORIZED
empty sub            | 42501                    | 403/42501                   | 401/AUTH_UNAUTHORIZED
foreign role         | AUTH_UNAUTHORIZED        | 400/22023                   | 403/AUTH_UNAUTHORIZED
admin token          | ok(added:0xb)            | 200/ok(added:0xb)           | 200/ok(added:0xb)
API key              | ok(added:0xb)            | 200/ok(added:0xb)           | 200/ok(added:0xb)
expired              | AUTH_UNAUTHORIZED        | 401/PGRST301                | 401/AUTH_UNAUTHORIZED

move_payment         | sql                      | postgrest                   | gateway
user A               | 42501                    | 403/42501                   | 403/42501
user B               | 42501                    | 403/42501                   | 403/42501
anon key             | 42501                    | 401/42501                   | 401/42501
anon token           | 42501                    | 401/42501                   | 401/42501
nobody               | AUTH_INVALID_CREDENTIALS | 401/42501                   | 401/AUTH_INVALID_CREDENTIALS
no sub               | 42501                    | 403/42501                   | 401/AUTH_UNAUTHORIZED
empty sub            | 42501                    | 403/42501                   | 401/AUTH_UNAUTHORIZED
foreign role         | AUTH_UNAUTHORIZED        | 400/22023                   | 403/AUTH_UNAUTHORIZED
admin token          | ok(changed:0xb's:state)  | 200/ok(changed:0xb's:state) | 200/ok(changed:0xb's:state)
API key              | ok(changed:0xb's:state)  | 200/ok(changed:0xb's:state) | 200/ok(changed:0xb's:state)
expired              | AUTH_UNAUTHORIZED        | 401/PGRST301                | 401/AUTH_UNAUTHORIZED

release_payment      | sql                      | postgrest                   | gateway
user A               | 42501                    | 403/42501                   | 403/42501
user B               | 42501                    | 403/42501                   | 403/42501
anon key             | 42501                    | 401/42501                   | 401/42501
anon token           | 42501                    | 401/42501                   | 401/42501
nobody               | AUTH_INVALID_CREDENTIALS | 401/42501                   | 401/AUTH_INVALID_CREDENTIALS
no sub               | 42501                    | 403/42501                   | 401/AUTH_UNAUTHORIZED
empty sub            | 42501                    | 403/42501                   | 401/AUTH_UNAUTHORIZED
foreign role         | AUTH_UNAUTHORIZED        | 400/22023                   | 403/AUTH_UNAUTHORIZED
admin token          | ok(removed:0xb's)        | 200/ok(removed:0xb's)       | 200/ok(removed:0xb's)
API key              | ok(removed:0xb's)        | 200/ok(removed:0xb's)       | 200/ok(removed:0xb's)
expired              | AUTH_UNAUTHORIZED        | 401/PGRST301                | 401/AUTH_UNAUTHORIZED

begin_settlement     | sql                      | postgrest                   | gateway
user A               | 42501                    | 403/42501                   | 403/42501
user B               | 42501                    | 403/42501                   | 403/42501
anon key             | 42501                    | 401/42501                   | 401/42501
anon token           | 42501                    | 401/42501                   | 401/42501
nobody               | AUTH_INVALID_CREDENTIALS | 401/42501                   | 401/AUTH_INVALID_CREDENTIALS
no sub               | 42501                    | 403/42501                   | 401/AUTH_UNAUTHORIZED
empty sub            | 42501                    | 403/42501                   | 401/AUTH_UNAUTHORIZED
foreign role         | AUTH_UNAUTHORIZED        | 400/22023                   | 403/AUTH_UNAUTHORIZED
admin token          | ok                       | 200/ok                      | 200/ok
API key              | ok                       | 200/ok                      | 200/ok
expired              | AUTH_UNAUTHORIZED        | 401/PGRST301                | 401/AUTH_UNAUTHORIZED

lease_payments       | sql                      | postgrest                   | gateway
user A               | 42501                    | 403/42501                   | 403/42501
user B               | 42501                    | 403/42501                   | 403/42501
anon key             | 42501                    | 401/42501                   | 401/42501
anon token           | 42501                    | 401/42501                   | 401/42501
nobody               | AUTH_INVALID_CREDENTIALS | 401/42501                   | 401/AUTH_INVALID_CREDENTIALS
no sub               | 42501                    | 403/42501                   | 401/AUTH_UNAUTHORIZED
empty sub            | 42501                    | 403/42501                   | 401/AUTH_UNAUTHORIZED
foreign role         | AUTH_UNAUTHORIZED        | 400/22023                   | 403/AUTH_UNAUTHORIZED
admin token          | ok                       | 200/ok                      | 200/ok
API key              | ok                       | 200/ok                      | 200/ok
expired              | AUTH_UNAUTHORIZED        | 401/PGRST301                | 401/AUTH_UNAUTHORIZED

note_payment         | sql                      | postgrest                   | gateway
user A               | 42501                    | 403/42501                   | 403/42501
user B               | 42501                    | 403/42501                   | 403/42501
anon key             | 42501                    | 401/42501                   | 401/42501
anon token           | 42501                    | 401/42501                   | 401/42501
nobody               | AUTH_INVALID_CREDENTIALS | 401/42501                   | 401/AUTH_INVALID_CREDENTIALS
no sub               | 42501                    | 403/42501                   | 401/AUTH_UNAUTHORIZED
empty sub            | 42501                    | 403/42501                   | 401/AUTH_UNAUTHORIZED
foreign role         | AUTH_UNAUTHORIZED        | 400/22023                   | 403/AUTH_UNAUTHORIZED
admin token          | ok                       | 200/ok                      | 200/ok
API key              | ok                       | 200/ok                      | 200/ok
expired              | AUTH_UNAUTHORIZED        | 401/PGRST301                | 401/AUTH_UNAUTHORIZED

forget_payments      | sql                      | postgrest                   | gateway
user A               | 42501                    | 403/42501                   | 403/42501
user B               | 42501                    | 403/42501                   | 403/42501
anon key             | 42501                    | 401/42501                   | 401/42501
anon token           | 42501                    | 401/42501                   | 401/42501
nobody               | AUTH_INVALID_CREDENTIALS | 401/42501                   | 401/AUTH_INVALID_CREDENTIALS
no sub               | 42501                    | 403/42501                   | 401/AUTH_UNAUTHORIZED
empty sub            | 42501                    | 403/42501                   | 401/AUTH_UNAUTHORIZED
foreign role         | AUTH_UNAUTHORIZED        | 400/22023                   | 403/AUTH_UNAUTHORIZED
admin token          | ok                       | 200/ok                      | 200/ok
API key              | ok                       | 200/ok                      | 200/ok
expired              | AUTH_UNAUTHORIZED        | 401/PGRST301                | 401/AUTH_UNAUTHORIZED

payments_version     | sql                      | postgrest                   | gateway
user A               | 42501                    | 403/42501                   | 403/42501
user B               | 42501                    | 403/42501                   | 403/42501
anon key             | 42501                    | 401/42501                   | 401/42501
anon token           | 42501                    | 401/42501                   | 401/42501
nobody               | AUTH_INVALID_CREDENTIALS | 401/42501                   | 401/AUTH_INVALID_CREDENTIALS
no sub               | 42501                    | 403/42501                   | 401/AUTH_UNAUTHORIZED
empty sub            | 42501                    | 403/42501                   | 401/AUTH_UNAUTHORIZED
foreign role         | AUTH_UNAUTHORIZED        | 400/22023                   | 403/AUTH_UNAUTHORIZED
admin token          | ok                       | 200/ok                      | 200/ok
API key              | ok                       | 200/ok                      | 200/ok
expired              | AUTH_UNAUTHORIZED        | 401/PGRST301                | 401/AUTH_UNAUTHORIZED

payment_totals       | sql                      | postgrest                   | gateway
user A               | 42501                    | 403/42501                   | 403/42501
user B               | 42501                    | 403/42501                   | 403/42501
anon key             | 42501                    | 401/42501                   | 401/42501
anon token           | 42501                    | 401/42501                   | 401/42501
nobody               | AUTH_INVALID_CREDENTIALS | 401/42501                   | 401/AUTH_INVALID_CREDENTIALS
no sub               | 42501                    | 403/42501                   | 401/AUTH_UNAUTHORIZED
empty sub            | 42501                    | 403/42501                   | 401/AUTH_UNAUTHORIZED
foreign role         | AUTH_UNAUTHORIZED        | 400/22023                   | 403/AUTH_UNAUTHORIZED
admin token          | ok                       | 200/ok                      | 200/ok
API key              | ok                       | 200/ok                      | 200/ok
expired              | AUTH_UNAUTHORIZED        | 401/PGRST301                | 401/AUTH_UNAUTHORIZED

payments_publish     | sql                      | postgrest                   | gateway
user A               | 42501                    | 404/PGRST202                | 404/PGRST202
user B               | 42501                    | 404/PGRST202                | 404/PGRST202
anon key             | 42501                    | 404/PGRST202                | 404/PGRST202
anon token           | 42501                    | 404/PGRST202                | 404/PGRST202
nobody               | AUTH_INVALID_CREDENTIALS | 404/PGRST202                | 401/AUTH_INVALID_CREDENTIALS
no sub               | 42501                    | 404/PGRST202                | 401/AUTH_UNAUTHORIZED
empty sub            | 42501                    | 404/PGRST202                | 401/AUTH_UNAUTHORIZED
foreign role         | AUTH_UNAUTHORIZED        | 404/PGRST202                | 403/AUTH_UNAUTHORIZED
admin token          | 0A000                    | 404/PGRST202                | 404/PGRST202
API key              | 0A000                    | 404/PGRST202                | 404/PGRST202
expired              | AUTH_UNAUTHORIZED        | 401/PGRST301                | 401/AUTH_UNAUTHORIZED

todos_set_updated_at | sql                      | postgrest                   | gateway
user A               | 42501                    | 404/PGRST202                | 404/PGRST202
user B               | 42501                    | 404/PGRST202                | 404/PGRST202
anon key             | 42501                    | 404/PGRST202                | 404/PGRST202
anon token           | 42501                    | 404/PGRST202                | 404/PGRST202
nobody               | AUTH_INVALID_CREDENTIALS | 404/PGRST202                | 401/AUTH_INVALID_CREDENTIALS
no sub               | 42501                    | 404/PGRST202                | 401/AUTH_UNAUTHORIZED
empty sub            | 42501                    | 404/PGRST202                | 401/AUTH_UNAUTHORIZED
foreign role         | AUTH_UNAUTHORIZED        | 404/PGRST202                | 403/AUTH_UNAUTHORIZED
admin token          | 0A000                    | 404/PGRST202                | 404/PGRST202
API key              | 0A000                    | 404/PGRST202                | 404/PGRST202
expired              | AUTH_UNAUTHORIZED        | 401/PGRST301                | 401/AUTH_UNAUTHORIZED

requesting_user_id   | sql                      | postgrest                   | gateway
user A               | user_a                   | 200/user_a                  | 200/user_a
user B               | user_b                   | 200/user_b                  | 200/user_b
anon key             | 42501                    | 401/42501                   | 401/42501
anon token           | 42501                    | 401/42501                   | 401/42501
nobody               | AUTH_INVALID_CREDENTIALS | 401/42501                   | 401/AUTH_INVALID_CREDENTIALS
no sub               | null                     | 200/null                    | 401/AUTH_UNAUTHORIZED
empty sub            | null                     | 200/null                    | 401/AUTH_UNAUTHORIZED
foreign role         | AUTH_UNAUTHORIZED        | 400/22023                   | 403/AUTH_UNAUTHORIZED
admin token          | null                     | 200/null                    | 200/null
API key              | null                     | 200/null                    | 200/null
expired              | AUTH_UNAUTHORIZED        | 401/PGRST301                | 401/AUTH_UNAUTHORIZED
`

// viewsCells: through a view that runs as its caller, and through one that does
// not. There are four rows.
const viewsCells = `
select       | sql                      | postgrest       | gateway
user A       | 1     4                  | 200/1     200/4 | 200/1     200/4
user B       | 1     4                  | 200/1     200/4 | 200/1     200/4
anon key     | 42501 4                  | 401/42501 200/4 | 401/42501 200/4
anon token   | 42501 4                  | 401/42501 200/4 | 401/42501 200/4
nobody       | AUTH_INVALID_CREDENTIALS | 401/42501 200/4 | 401/AUTH_INVALID_CREDENTIALS
no sub       | 0     4                  | 200/0     200/4 | 401/AUTH_UNAUTHORIZED
empty sub    | 0     4                  | 200/0     200/4 | 401/AUTH_UNAUTHORIZED
foreign role | AUTH_UNAUTHORIZED        | 400/22023       | 403/AUTH_UNAUTHORIZED
admin token  | 4                        | 200/4           | 200/4
API key      | 4                        | 200/4           | 200/4
expired      | AUTH_UNAUTHORIZED        | 401/PGRST301    | 401/AUTH_UNAUTHORIZED

update       | sql                      | postgrest       | gateway
user A       | 1     4                  | 200/1     200/4 | 200/1     200/4
user B       | 1     4                  | 200/1     200/4 | 200/1     200/4
anon key     | 42501 4                  | 401/42501 200/4 | 401/42501 200/4
anon token   | 42501 4                  | 401/42501 200/4 | 401/42501 200/4
nobody       | AUTH_INVALID_CREDENTIALS | 401/42501 200/4 | 401/AUTH_INVALID_CREDENTIALS
no sub       | 0     4                  | 200/0     200/4 | 401/AUTH_UNAUTHORIZED
empty sub    | 0     4                  | 200/0     200/4 | 401/AUTH_UNAUTHORIZED
foreign role | AUTH_UNAUTHORIZED        | 400/22023       | 403/AUTH_UNAUTHORIZED
admin token  | 4                        | 200/4           | 200/4
API key      | 4                        | 200/4           | 200/4
expired      | AUTH_UNAUTHORIZED        | 401/PGRST301    | 401/AUTH_UNAUTHORIZED
`

// realtimeCells: payments, news with a policy of its own, other without one, and
// payments on a project without the migrations.
const realtimeCells = `
subscribe    | socket
user A       | no    yes   no    yes
user B       | no    yes   no    yes
anon key     | no    no    no    yes
anon token   | no    no    no    yes
nobody       | AUTH_INVALID_CREDENTIALS
no sub       | no    yes   no    yes
empty sub    | no    yes   no    yes
foreign role | AUTH_UNAUTHORIZED
admin token  | yes
API key      | yes
expired      | AUTH_UNAUTHORIZED
uuid user    | no    yes   no    yes

send         | socket
user A       | 22P02
user B       | 22P02
anon key     | 42501 42501 42501 sent
anon token   | 42501 42501 42501 sent
nobody       | AUTH_INVALID_CREDENTIALS
no sub       | 22P02
empty sub    | 22P02
foreign role | AUTH_UNAUTHORIZED
admin token  | sent
API key      | sent
expired      | AUTH_UNAUTHORIZED
uuid user    | 42501 42501 42501 sent
`

// betterAuthCells: user was made by the superuser, session by project_admin, whose
// tables the API key reads.
const betterAuthCells = `
select       | sql                      | postgrest       | gateway
user A       | 42501                    | 403/42501       | 403/42501
user B       | 42501                    | 403/42501       | 403/42501
anon key     | 42501                    | 401/42501       | 401/42501
anon token   | 42501                    | 401/42501       | 401/42501
nobody       | AUTH_INVALID_CREDENTIALS | 401/42501       | 401/AUTH_INVALID_CREDENTIALS
no sub       | 42501                    | 403/42501       | 401/AUTH_UNAUTHORIZED
empty sub    | 42501                    | 403/42501       | 401/AUTH_UNAUTHORIZED
foreign role | AUTH_UNAUTHORIZED        | 400/22023       | 403/AUTH_UNAUTHORIZED
admin token  | 42501 1                  | 403/42501 200/1 | 403/42501 200/1
API key      | 42501 1                  | 403/42501 200/1 | 403/42501 200/1
expired      | AUTH_UNAUTHORIZED        | 401/PGRST301    | 401/AUTH_UNAUTHORIZED

insert       | sql                      | postgrest       | gateway
user A       | 42501                    | 403/42501       | 403/42501
user B       | 42501                    | 403/42501       | 403/42501
anon key     | 42501                    | 401/42501       | 401/42501
anon token   | 42501                    | 401/42501       | 401/42501
nobody       | AUTH_INVALID_CREDENTIALS | 401/42501       | 401/AUTH_INVALID_CREDENTIALS
no sub       | 42501                    | 403/42501       | 401/AUTH_UNAUTHORIZED
empty sub    | 42501                    | 403/42501       | 401/AUTH_UNAUTHORIZED
foreign role | AUTH_UNAUTHORIZED        | 400/22023       | 403/AUTH_UNAUTHORIZED
admin token  | 42501 1                  | 403/42501 201/1 | 403/42501 201/1
API key      | 42501 1                  | 403/42501 201/1 | 403/42501 201/1
expired      | AUTH_UNAUTHORIZED        | 401/PGRST301    | 401/AUTH_UNAUTHORIZED

update       | sql                      | postgrest       | gateway
user A       | 42501                    | 403/42501       | 403/42501
user B       | 42501                    | 403/42501       | 403/42501
anon key     | 42501                    | 401/42501       | 401/42501
anon token   | 42501                    | 401/42501       | 401/42501
nobody       | AUTH_INVALID_CREDENTIALS | 401/42501       | 401/AUTH_INVALID_CREDENTIALS
no sub       | 42501                    | 403/42501       | 401/AUTH_UNAUTHORIZED
empty sub    | 42501                    | 403/42501       | 401/AUTH_UNAUTHORIZED
foreign role | AUTH_UNAUTHORIZED        | 400/22023       | 403/AUTH_UNAUTHORIZED
admin token  | 42501 1                  | 403/42501 200/1 | 403/42501 200/1
API key      | 42501 1                  | 403/42501 200/1 | 403/42501 200/1
expired      | AUTH_UNAUTHORIZED        | 401/PGRST301    | 401/AUTH_UNAUTHORIZED

delete       | sql                      | postgrest       | gateway
user A       | 42501                    | 403/42501       | 403/42501
user B       | 42501                    | 403/42501       | 403/42501
anon key     | 42501                    | 401/42501       | 401/42501
anon token   | 42501                    | 401/42501       | 401/42501
nobody       | AUTH_INVALID_CREDENTIALS | 401/42501       | 401/AUTH_INVALID_CREDENTIALS
no sub       | 42501                    | 403/42501       | 401/AUTH_UNAUTHORIZED
empty sub    | 42501                    | 403/42501       | 401/AUTH_UNAUTHORIZED
foreign role | AUTH_UNAUTHORIZED        | 400/22023       | 403/AUTH_UNAUTHORIZED
admin token  | 42501 1                  | 403/42501 200/1 | 403/42501 200/1
API key      | 42501 1                  | 403/42501 200/1 | 403/42501 200/1
expired      | AUTH_UNAUTHORIZED        | 401/PGRST301    | 401/AUTH_UNAUTHORIZED

upsert       | sql                      | postgrest       | gateway
user A       | 42501                    | 403/42501       | 403/42501
user B       | 42501                    | 403/42501       | 403/42501
anon key     | 42501                    | 401/42501       | 401/42501
anon token   | 42501                    | 401/42501       | 401/42501
nobody       | AUTH_INVALID_CREDENTIALS | 401/42501       | 401/AUTH_INVALID_CREDENTIALS
no sub       | 42501                    | 403/42501       | 401/AUTH_UNAUTHORIZED
empty sub    | 42501                    | 403/42501       | 401/AUTH_UNAUTHORIZED
foreign role | AUTH_UNAUTHORIZED        | 400/22023       | 403/AUTH_UNAUTHORIZED
admin token  | 42501 1                  | 403/42501 200/1 | 403/42501 200/1
API key      | 42501 1                  | 403/42501 200/1 | 403/42501 200/1
expired      | AUTH_UNAUTHORIZED        | 401/PGRST301    | 401/AUTH_UNAUTHORIZED
`
