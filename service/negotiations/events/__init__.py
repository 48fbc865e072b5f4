"""What happens to people, seats and the target in the middle of a period.

    propose ──> proposed ──accept──> accepted      a new draft version
                    └──reject──> rejected, └──withdraw──> withdrawn

domain/    kinds of events and what each says, closed months, life, and what comes of an event
usecases/  propose, read, accept; the inputs that follow
"""
