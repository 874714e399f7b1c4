using Akka.Actor;
using Xunit.Abstractions;

namespace ActorTrain.Tests.PlatformAkka;

/// <summary>Each question gets its own answer, however many are asked at once and whoever answers.</summary>
public sealed class AskProperties(ITestOutputHelper output) : ActorTest("akka.loglevel = OFF")
{
    [Fact]
    public async Task Every_question_gets_its_own_answer()
    {
        foreach (var seed in Seeds.Take(5, output))
        {
            var answerers = Enumerable.Range(0, 3).Select(_ => Sys.ActorOf<Answerer>()).ToArray();
            var askers = Enumerable.Range(0, 8).Select(asker => Task.Run(async () =>
            {
                for (var round = 0; round < 50; round++)
                {
                    var questions = Enumerable.Range(0, 10).Select(number => (asker * 1_000_000) + (round * 100) + number).ToArray();
                    var answers = await Task.WhenAll(questions.Select(question =>
                        answerers[Seeds.Draw(3, seed, question)].Ask<int>(question, TimeSpan.FromMinutes(1))));
                    answers.ShouldBe(questions.Select(question => -question));
                }
            }));

            await Task.WhenAll(askers);

            foreach (var answerer in answerers)
                Sys.Stop(answerer);
        }
    }

    [Fact]
    public async Task A_question_that_is_called_off_or_too_old_has_no_answer_and_spoils_none()
    {
        var silent = Sys.ActorOf<Answerer>();
        using var calledOff = new CancellationTokenSource();
        var waiting = Enumerable.Range(0, 100).Select(_ => silent.Ask<int>("say nothing", calledOff.Token)).ToArray();
        await Should.ThrowAsync<AskTimeoutException>(silent.Ask<int>("say nothing", TimeSpan.FromMilliseconds(1)));

        (await silent.Ask<int>(7, TimeSpan.FromMinutes(1))).ShouldBe(-7);
        await calledOff.CancelAsync();

        foreach (var question in waiting)
            await Should.ThrowAsync<TaskCanceledException>(question);
    }

    /// <summary>Answers a third itself, has a third answered by a child, and a third by a task.</summary>
    private sealed class Answerer : ReceiveActor
    {
        public Answerer()
        {
            Receive<int>(question =>
            {
                switch (question % 3)
                {
                    case 0:
                        Sender.Tell(-question);
                        break;
                    case 1:
                        Context.ActorOf<Negator>().Forward(question);
                        break;
                    default:
                        var asking = Sender;
                        Task.Run(() => -question).PipeTo(asking, Self);
                        break;
                }
            });
            Receive<string>(_ => { });
        }
    }

    private sealed class Negator : ReceiveActor
    {
        public Negator() => Receive<int>(question =>
        {
            Sender.Tell(-question);
            Context.Stop(Self);
        });
    }
}
