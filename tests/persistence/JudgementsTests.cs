using ActorTrain.Models;
using ActorTrain.Persistence.Rollouts;

namespace ActorTrain.Persistence.Tests;

/// <summary>What a judge answered cannot be computed again.</summary>
public sealed class JudgementsTests : IDisposable
{
    private readonly TestDirectory directory = new();

    private string File => directory.At("judgements.jsonl");

    public void Dispose() => directory.Dispose();

    [Fact]
    public void The_first_answer_to_a_question_counts_and_is_read_back_to_the_bit()
    {
        EquatableArray<double?> scores = [1.0 / 3, null, -0.0, double.Epsilon, double.MaxValue];
        using (var written = Judgements.Open(File))
        {
            written.Find(Key(1)).ShouldBeNull();
            written.Keep(new Judgement(Key(1), 41, scores)).ShouldBe(scores);
            written.Keep(new Judgement(Key(1), 41, [2])).ShouldBe(scores);
            for (var other = 2; other < 50; other++)
                written.Keep(new Judgement(Key(other), 42, [other, -other]));

            // Others read it meanwhile.
            using var beside = Judgements.Read(File);
            beside.Find(Key(49)).ShouldBe([49, -49]);
        }

        using var again = Judgements.Open(File);
        var found = again.Find(Key(1)).ShouldNotBeNull();
        found.Select(static score => score is { } number ? BitConverter.DoubleToInt64Bits(number) : (long?)null)
            .ShouldBe(scores.Select(static score => score is { } number ? BitConverter.DoubleToInt64Bits(number) : (long?)null));
        again.Keep(new Judgement(Key(7), 1, [0])).ShouldBe([7, -7]);
        again.Find(Key(50)).ShouldBeNull();
        System.IO.File.ReadAllLines(File).Length.ShouldBe(49);
    }

    [Fact]
    public void A_line_that_a_kill_has_torn_was_never_used_and_is_cut_off()
    {
        Write(3);
        var lines = System.IO.File.ReadAllText(File);
        for (var length = 1; length < 40; length++)
        {
            System.IO.File.WriteAllText(File, lines[..^length]);
            using (var read = Judgements.Read(File))
                (read.Find(Key(2)) is null).ShouldBe(length > 1);
            using (var written = Judgements.Open(File))
            {
                written.Find(Key(1)).ShouldBe([1]);
                (written.Find(Key(2)) is null).ShouldBe(length > 1);
                written.Keep(new Judgement(Key(2), 1, [2])).ShouldBe([2]);
            }

            using var again = Judgements.Read(File);
            again.Find(Key(2)).ShouldBe([2]);
        }
    }

    [Theory]
    [InlineData("[1]", "[1.5]")]
    [InlineData("\"position\":1,", "\"position\":2,")]
    [InlineData("\"hash\":\"", "\"hash\":\"0")]
    [InlineData("\"scores\":[1]", "\"scores\":null")]
    [InlineData("\"key\":\"", "\"key\":\"x")]
    [InlineData("{\"time\"", "{\"scores")]
    public void A_line_that_is_not_what_was_written_is_refused_and_the_file_is_not_changed(string was, string now)
    {
        Write(3);
        var lines = System.IO.File.ReadAllLines(File);
        lines[1].ShouldContain(was);
        lines[1] = lines[1].Replace(was, now, StringComparison.Ordinal);
        System.IO.File.WriteAllLines(File, lines);
        var before = System.IO.File.ReadAllText(File);
        Should.Throw<UserErrorException>(() => Judgements.Open(File)).Message.ShouldName(File, "line 2", "restore the file from a copy");
        Should.Throw<UserErrorException>(() => Judgements.Read(File)).Message.ShouldName("line 2");
        System.IO.File.ReadAllText(File).ShouldBe(before);
    }

    [Fact]
    public void Where_there_is_no_file_nothing_was_judged_and_reading_makes_none()
    {
        using (var read = Judgements.Read(File))
            read.Find(Key(1)).ShouldBeNull();
        System.IO.File.Exists(File).ShouldBeFalse();
        using var written = Judgements.Open(File);
        Should.Throw<UserErrorException>(() => Judgements.Open(File)).Message.ShouldName(File, "Another process");
    }

    [Fact]
    public void What_comes_after_the_end_is_not_kept()
    {
        var written = Judgements.Open(File);
        written.Dispose();
        Should.Throw<ObjectDisposedException>(() => written.Keep(new Judgement(Key(1), 1, [1])));
        written.Find(Key(1)).ShouldBeNull();
        System.IO.File.ReadAllText(File).ShouldBeEmpty();
    }

    private static string Key(int number) => $"{number:x32}{number:x32}";

    private void Write(int count)
    {
        using var written = Judgements.Open(File);
        for (var number = 0; number < count; number++)
            written.Keep(new Judgement(Key(number), 1, [number]));
    }
}
