using ActorTrain.Actors.Election;

namespace ActorTrain.Actors.Tests.Election;

public sealed class JoinLogicTests
{
    private static readonly DateTimeOffset Start = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(100);

    [Fact]
    public void Alone_it_founds_a_cluster_at_once_if_it_has_the_right()
    {
        var logic = new JoinLogic(0, Patience);
        logic.Tick(Start, isMember: false, hasRight: false).ShouldBe(JoinStep.SeekRight);
        logic.Tick(Start, isMember: false, hasRight: false).ShouldBe(JoinStep.Nothing);
        logic.Answer(true, Start, isMember: false).ShouldBe(JoinStep.Found);
        logic.Tick(Start + Patience, isMember: false, hasRight: false).ShouldBe(JoinStep.Nothing);
    }

    [Fact]
    public void Refused_the_right_it_seeks_it_again_and_again()
    {
        var logic = new JoinLogic(2, Patience);
        logic.Tick(Start, isMember: false, hasRight: false).ShouldBe(JoinStep.Dial);
        var now = Start;
        for (var i = 0; i < 5; i++)
        {
            logic.Tick(now + Patience - Interval, isMember: false, hasRight: false).ShouldBe(JoinStep.Nothing);
            logic.Tick(now += Patience, isMember: false, hasRight: false).ShouldBe(JoinStep.SeekRight);
            logic.Answer(false, now, isMember: false).ShouldBe(JoinStep.Nothing);
        }
    }

    /// <summary>As one that was killed and started again at once: the others admit it only when they have removed its forerunner.</summary>
    [Fact]
    public void While_another_is_a_member_it_waits_to_be_admitted_and_seeks_no_right()
    {
        var logic = new JoinLogic(2, Patience);
        logic.Tick(Start, isMember: false, hasRight: false).ShouldBe(JoinStep.Dial);
        var now = Start;
        for (; now < Start + TimeSpan.FromMinutes(1); now += Interval)
        {
            logic.Hear(now);
            logic.Tick(now, isMember: false, hasRight: false).ShouldBe(JoinStep.Nothing);
        }

        logic.Tick(now + Patience, isMember: false, hasRight: false).ShouldBe(JoinStep.SeekRight);
    }

    [Fact]
    public void Admitted_in_the_meantime_it_founds_nothing()
    {
        var logic = new JoinLogic(1, Patience);
        logic.Tick(Start, isMember: false, hasRight: false);
        logic.Tick(Start + Patience, isMember: false, hasRight: false).ShouldBe(JoinStep.SeekRight);
        logic.Answer(true, Start + Patience, isMember: true).ShouldBe(JoinStep.Nothing);
        logic.Tick(Start + 5 * Patience, isMember: true, hasRight: false).ShouldBe(JoinStep.Nothing);
    }

    /// <summary>Else another that sees nobody would found a second cluster.</summary>
    [Fact]
    public void Elected_without_the_right_it_seeks_it_until_it_has_it_and_again_when_it_has_lost_it()
    {
        var logic = new JoinLogic(1, Patience);
        logic.Tick(Start, isMember: false, hasRight: false).ShouldBe(JoinStep.Dial);
        logic.Tick(Start + Patience, isMember: true, hasRight: false).ShouldBe(JoinStep.Nothing);
        logic.Elect();
        var now = Start + Patience;
        for (var i = 0; i < 3; i++)
        {
            logic.Tick(now, isMember: true, hasRight: false).ShouldBe(JoinStep.SeekRight);
            logic.Tick(now + Patience, isMember: true, hasRight: false).ShouldBe(JoinStep.Nothing);
            now += 2 * Patience;
            logic.Answer(i == 2, now, isMember: true).ShouldBe(JoinStep.Nothing);
            logic.Tick(now + Interval, isMember: true, hasRight: i == 2).ShouldBe(JoinStep.Nothing);
            now += Patience;
        }

        logic.Tick(now, isMember: true, hasRight: true).ShouldBe(JoinStep.Nothing);
        logic.Tick(now, isMember: true, hasRight: false).ShouldBe(JoinStep.SeekRight);
    }

    /// <summary>With a right that one process at a time has, one cluster is founded, and all join it.</summary>
    [Fact]
    public void Processes_that_start_at_random_moments_form_one_cluster()
    {
        for (var seed = 1; seed <= 500; seed++)
        {
            var random = new Random(seed);
            var count = random.Next(1, 6);
            var logics = Enumerable.Range(0, count).Select(_ => new JoinLogic(count - 1, Patience)).ToList();
            var starts = logics.Select(_ => Start + random.NextDouble() * TimeSpan.FromSeconds(4)).ToList();
            var isMember = new bool[count];
            var isDialing = new bool[count];
            int? holder = null;
            var founded = 0;
            for (var now = Start; now < Start + TimeSpan.FromSeconds(20); now += Interval)
            {
                for (var i = 0; i < count; i++)
                {
                    if (now < starts[i])
                        continue;
                    if (isMember.Any(static member => member))
                        logics[i].Hear(now);
                    switch (logics[i].Tick(now, isMember[i], holder == i))
                    {
                        case JoinStep.Dial:
                            isDialing[i] = true;
                            break;
                        case JoinStep.SeekRight:
                            holder ??= i;
                            if (logics[i].Answer(holder == i, now, isMember[i]) == JoinStep.Found)
                                (isMember[i], founded) = (true, founded + 1);
                            break;
                    }

                    // The members admit whoever dials, at some time.
                    if (isDialing[i] && isMember.Any(static member => member) && random.Next(10) == 0)
                        isMember[i] = true;
                }
            }

            founded.ShouldBe(1, $"seed {seed}");
            isMember.ShouldAllBe(static member => member, $"seed {seed}");
        }
    }
}
